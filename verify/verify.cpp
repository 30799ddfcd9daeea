// SPDX-License-Identifier: Apache-2.0
#include "verify/verify.h"

#include <algorithm>
#include <functional>

#include "ledger/runs.h"
#include "ledger/scrub_queue.h"
#include "read/read_stage.h"
#include "read/run_life.h"
#include "read/run_stages.h"
#include "read/verdict.h"
#include "sql/schema_state.h"
#include "verify/scrub_claims.h"
#include "verify/scrub_read.h"
#include "verify/scrub_record.h"
#include "verify/verify_list.h"
#include "verify/verify_record.h"

namespace backglance {

namespace {

// With a ledger, a verify of all images works on the queue that all hosts share. Named and signed
// images are read at once, whenever they were read before.
bool uses_queue(const SchemaState& state, const ReadOptions& options) {
  return state.has_ledger && options.images.empty() && !options.signed_only;
}

void require_times(const SchemaState& state, const ReadOptions& options) {
  if (options.older_than && !state.has_ledger)
    throw Error(ErrorKind::schema_state,
                "--older-than requires backglance's tables, which keep the time of each proof",
                "backglance expand");
}

// The part of the queue that a run with these limits would read, oldest first.
PendingTotals plan_scrub(Session& session, const ReadOptions& options) {
  PendingTotals totals;
  planned_scrub(session, options.older_than.value_or(std::chrono::seconds(0)),
                [&](std::int64_t left, std::int64_t whole) {
                  const std::int64_t rest =
                      options.max_bytes ? *options.max_bytes - totals.bytes : left;
                  if (options.limit && totals.images >= *options.limit)
                    return;
                  // A smaller one after it may still fit.
                  if (left > rest && !may_break_off(rest, totals.images == 0, options))
                    return;
                  ++totals.images;
                  totals.bytes += std::min(left, rest);
                  totals.unknown_size += whole > 0 ? 0 : 1;
                });
  return totals;
}

void read_and_judge(Work& work, const ReadOptions& options, const std::function<void()>& read) {
  read();
  if (work.outcome && work.outcome->result == ImageResult::hashed)
    judge_for_verify(work.task.image, *work.outcome);
  check_signatures(work, options);
}

Error lost_run() {
  return {ErrorKind::busy,
          "another run declared this one dead (no heartbeat); its results so far are saved",
          "backglance verify"};
}

void finish_result(RunEnd claimed, const TooLarge& too_large, const ReadContext& context,
                   ReadResult& result) {
  result.end = end_of_run(claimed, result, context);
  if (result.end != RunEnd::complete)
    result.waited_for = context.control.waiting_for();
  result.too_large = too_large.images;
  result.largest = too_large.largest;
  // Images may have come and gone since they were counted.
  result.left_images = std::max<std::int64_t>(result.left_images, 0);
  result.left_bytes = std::max<std::int64_t>(result.left_bytes, 0);
  result.bytes_read = static_cast<std::int64_t>(context.counters.bytes_read.load());
}

ReadResult verify_list(const Site& site, ReadContext& context, const ReadOptions& options,
                       const OnResult& on_result) {
  ReadResult result;
  VerifyList list(site, context, options);
  result.left_images = list.all().images;
  result.left_bytes = list.all().bytes;
  VerifyRecord record(site, list.has_ledger(), context, on_result, result);
  DigestWorkers workers(options.jobs_or_default(),
                        static_cast<std::size_t>(options.readers(context.stores)),
                        options.begin_thread());
  run_stages(context, options, list, record, [&](Work& work) {
    read_and_judge(work, options, [&] { read_in_time(work, workers, context, options); });
  });
  record.finish();
  if (record.lost())
    throw lost_run();
  if (const auto unseen = record.unseen_places())
    throw Error(*unseen);
  TooLarge too_large = record.too_large();
  too_large.add(list.too_large());
  finish_result(list.end(), too_large, context, result);
  // Last: until then the heartbeat shows the run as alive.
  record.finish_run(result.end);
  return result;
}

RunLife life_of_scrub(ReadContext& context) {
  RunLife life = life_of(context, kScrubLease);
  life.renew = renew_scrub;
  return life;
}

ReadResult scrub(const Site& site, ReadContext& context, const ReadOptions& options,
                 const OnResult& on_result) {
  ReadResult result;
  Session session(site.database);
  Run run(session, "verify", life_of_scrub(context));
  ScrubClaims claims(site, run.id(), context, options);
  ScrubRecord record(site, run.id(), context, on_result, result);
  DigestWorkers workers(options.jobs_or_default(),
                        static_cast<std::size_t>(options.readers(context.stores)),
                        options.begin_thread());
  run_stages(context, options, claims, record, [&](Work& work) {
    read_and_judge(work, options, [&] {
      read_for_scrub(work, workers, context, options,
                     [&](const Checkpoint& checkpoint) { record.keep(work, checkpoint); });
    });
  });
  record.finish();
  claims.release_rest();
  if (run.lost() || context.control.has_lost_leases())
    throw lost_run();
  if (const auto unseen = record.unseen_places())
    throw Error(*unseen);
  const PendingTotals left = claims.left();
  result.left_images = left.images + record.given_back().images;
  result.left_bytes = left.bytes + record.given_back().bytes;
  result.in_parts = is_worth_a_part(context.site_algorithm, context.pace.largest_in_run(), options);
  finish_result(claims.end(), claims.too_large(), context, result);
  run.finish(run_outcome(result.end),
             static_cast<std::int64_t>(context.counters.images_settled.load()), result.bytes_read);
  return result;
}

}  // namespace

PendingTotals plan_verify(Session& session, const ReadOptions& options) {
  const SchemaState state = read_schema_state(session);
  require_os_hash(state);
  require_times(state, options);
  // The flags of migrate say which images are signed.
  if (options.signed_only)
    require_expanded(state);
  // A ledger of an earlier version has no queue yet: expand is due, and says so.
  if (uses_queue(state, options) && state.ledger_version >= kScrubVersion)
    return plan_scrub(session, options);
  return within_limits(session, images_to_verify(session, options), options);
}

ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result) {
  const SchemaState state = [&] {
    Session session(site.database, {.mode = OpenMode::read_only});
    return read_schema_state(session);
  }();
  require_os_hash(state);
  require_times(state, options);
  if (options.signed_only)
    require_expanded(state);
  require_writable_ledger(state);
  // Before the run begins: Error{usage} or Error{io} if no certificate could be fetched.
  if (options.certificates)
    options.certificates->prepare();
  // Before the first stage, which asks for the number of streams.
  context.streams.limit(options.stream_terms(context.stores));
  return uses_queue(state, options) ? scrub(site, context, options, on_result)
                                    : verify_list(site, context, options, on_result);
}

}  // namespace backglance
