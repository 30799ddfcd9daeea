// SPDX-License-Identifier: Apache-2.0
#include "backfill/backfill.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "backfill/claimer.h"
#include "backfill/settler.h"
#include "backfill/sweep.h"
#include "backfill/wait_for_runs.h"
#include "base/priority.h"
#include "base/stop.h"
#include "base/text.h"
#include "digest/digest_engine.h"
#include "ledger/queue.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "read/read_stage.h"
#include "read/run_life.h"
#include "read/run_stages.h"
#include "read/verdict.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

void read_and_judge(Work& work, DigestWorkers& workers, ReadContext& context,
                    const ReadOptions& options, Settler& settler) {
  read_in_time(work, workers, context, options,
               [&](const Checkpoint& checkpoint) { settler.keep(work.claim, checkpoint); });
  if (work.outcome && work.outcome->result == ImageResult::hashed)
    judge_for_backfill(work.task.image, *work.outcome);
  check_signatures(work, options);
}

// Throws Error{usage} for an unknown image before the first one is forgotten. Returns the number of
// those of which the ledger held something.
std::int64_t forget_named(Session& session, const std::vector<std::string>& images) {
  for (const std::string& image_id : images)
    retry(session, [&] { named_image(session, image_id); });
  std::int64_t forgotten = 0;
  for (const std::string& image_id : images) {
    const auto item = retry(session, [&] { return QueueFigures(session).item(image_id); });
    retry(session, [&] { Results(session).forget(image_id); });
    forgotten += item ? 1 : 0;
  }
  return forgotten;
}

// Queues the images that --image names, whatever their result was. Returns those that are to be
// read; the others get their result here.
std::vector<std::string> queue_named(Session& session, Queue& queue,
                                     const std::vector<std::string>& images, ReadResult& result,
                                     const OnResult& on_result) {
  std::vector<std::string> queued;
  for (const std::string& image_id : images) {
    const ImageRow image = retry(session, [&] { return named_image(session, image_id); });
    if (retry(session, [&] { return queue.requeue_one(image_id); })) {
      queued.push_back(image_id);
      continue;
    }
    ReadOutcome outcome;
    outcome.result = image.hashable ? ImageResult::already_done : ImageResult::gone;
    outcome.reason = image.hashable ? "the image has a hash already" : why_not_live(image);
    ++result.total(outcome.result).images;
    if (on_result)
      on_result(image_id, outcome);
  }
  return queued;
}

// The part of the named images that the limits let pass.
Allowance named_allowance(Session& session, bool has_ledger, const ReadOptions& options) {
  Allowance allowance(options);
  for (const std::string& image_id : options.images) {
    const ImageRow image = named_image(session, image_id);
    if (!image.hashable || !image.os_hash_value.empty())
      continue;
    const std::int64_t size = image.size.value_or(0);
    const auto begun = has_ledger ? Checkpoints(session).find(image_id) : std::nullopt;
    allowance.take(left_of(size, begun), size);
  }
  return allowance;
}

// What this run is going to read, for the progress display.
QueueTotals totals_of_run(Session& session, QueueFigures& figures, const ReadOptions& options) {
  if (!options.images.empty())
    return named_allowance(session, /*has_ledger=*/true, options).whole();
  if (!Allowance::has_limits(options))
    return figures.claimable();
  Allowance allowance(options);
  figures.claimable_sizes(
      [&](std::int64_t left, std::int64_t whole) { allowance.take(left, whole); });
  return allowance.whole();
}

// Throws Error{busy} if the leases were lost: other runs may read these images again.
void require_leases(const Run& run, const ReadContext& context, const ReadResult& result) {
  if (!run.lost() && !context.control.has_lost_leases())
    return;
  const std::int64_t images = result.lost_leases + result.broken_off;
  throw Error(ErrorKind::busy,
              fmt::format("the leases could not be renewed in time; {} {} read but not published, "
                          "and will be read again",
                          counted(images, "image"), images == 1 ? "was" : "were"),
              "backglance backfill");
}

void read_queue(const Site& site, Session& session, const Run& run, ReadContext& context,
                const ReadOptions& options, const OnResult& on_result, ReadResult& result) {
  PassedImages passed;
  Claimer claimer(site, run.id(), context, options, passed);
  Settler settler(site, run.id(), context, on_result, result, passed);
  DigestWorkers workers(options.jobs_or_default(),
                        static_cast<std::size_t>(options.readers(context.stores)),
                        options.begin_thread());
  auto rest = Rest::held;
  do {
    run_stages(context, options, claimer, settler,
               [&](Work& work) { read_and_judge(work, workers, context, options, settler); });
    settler.finish();
    claimer.release_rest();
    const auto refused = settler.take_refused();
    if (!refused.empty() && !context.control.should_stop()) {
      result.put_back -= std::ssize(refused);
      claimer.take_back(refused);
      rest = Rest::free;
    } else {
      // Returns `stopped` at once if the leases are lost.
      // Images of a place that is not seen could be claimed, and would be left again.
      rest = options.images.empty() && claimer.end() == RunEnd::complete && !settler.unseen_places()
                 ? wait_for_silent_runs(session, run.id(), context.control)
                 : Rest::held;
    }
    // After settler.finish(): whatever could still be published is published.
    require_leases(run, context, result);
  } while (rest == Rest::free);
  if (const auto unseen = settler.unseen_places())
    throw Error(*unseen);
  result.held_by_others = claimer.held_by_others();
  result.end = rest == Rest::stopped ? context.control.why_stopped()
                                     : end_of_run(claimer.end(), result, context);
}

// Adds to `result` the images that the run leaves for later.
void look_at_queue(QueueFigures& figures, const ReadContext& context, const ReadOptions& options,
                   ReadResult& result) {
  const QueueTotals left = figures.queued();
  result.left_images = left.images;
  result.left_bytes = left.bytes;
  // If a run ended while it waited, its speed says nothing.
  if (options.images.empty() && result.waited_for.empty())
    result.too_large = figures.larger_than(context.pace.largest_in_run());
  result.in_parts = is_worth_a_part(context.site_algorithm, context.pace.largest_in_run(), options);
  if (result.too_large > 0)
    result.largest = figures.largest_queued();
  result.failed_before = figures.failed().images;
  result.failed_before = std::max<std::int64_t>(result.failed_before - result.findings(), 0);
}

}  // namespace

ReadResult backfill(const Site& site, ReadContext& context, const ReadOptions& options,
                    const OnResult& on_result) {
  Session session(site.database);
  require_writable(read_schema_state(session));
  // Before the run begins: Error{usage} or Error{io} if no certificate could be fetched.
  if (options.certificates)
    options.certificates->prepare();
  Run run(session, "backfill", life_of(context, kLease));
  Queue queue(session);
  QueueFigures figures(session);
  ReadResult result;

  // A run whose disk was full may have left checkpoints of settled images.
  retry(session, [&] { Checkpoints(session).forget_settled(); });
  context.control.may_go_on();
  if (options.forget)  // before the sweep, which would publish it
    result.forgotten = forget_named(session, options.images);
  sweep_erased(session, context, on_result, result);
  const auto may_go_on = [&] { return context.control.may_go_on(); };
  result.queued = queue.queue_new(may_go_on);
  if (options.retry_failed && options.images.empty())
    queue.requeue_failed(may_go_on);
  ReadOptions to_read = options;
  to_read.images = queue_named(session, queue, options.images, result, on_result);
  if (options.images.empty() || !to_read.images.empty()) {
    const auto totals = retry(session, [&] { return totals_of_run(session, figures, to_read); });
    context.counters.images_total.store(static_cast<std::uint64_t>(totals.images));
    context.counters.bytes_total.store(static_cast<std::uint64_t>(totals.bytes));
  }
  context.streams.limit(to_read.stream_terms(context.stores));
  // After the totals are known: the number of streams is no larger than that of the images.
  context.pace.begin(context.streams.count(),
                     retry(session, [&] { return earlier_pace(session); }));

  // An empty list means "all images". If none of the named images is to be read, read nothing.
  if (options.images.empty() || !to_read.images.empty())
    read_queue(site, session, run, context, to_read, on_result, result);

  // Hashes that Glance erased while we read. Not worth a wait: the next run begins with a sweep.
  if (!stop_requested() && !context.control.pause_gate().is_closed())
    sweep_erased(session, context, on_result, result);
  result.waited_for = context.control.waiting_for();
  retry(session, [&] { look_at_queue(figures, context, options, result); });
  result.bytes_read = static_cast<std::int64_t>(context.counters.bytes_read.load());
  run.finish(run_outcome(result.end),
             static_cast<std::int64_t>(context.counters.images_settled.load()), result.bytes_read);
  return result;
}

ReadResult sweep(const Site& site, ReadContext& context, const OnResult& on_result) {
  Session session(site.database);
  require_writable(read_schema_state(session));
  Run run(session, "backfill", life_of(context, kLease));
  ReadResult result;
  bool whole = false;
  while (!whole && context.control.may_go_on())
    whole = sweep_erased(session, context, on_result, result);
  const QueueTotals left = retry(session, [&] { return QueueFigures(session).queued(); });
  result.left_images = left.images;
  result.left_bytes = left.bytes;
  if (!whole) {
    result.end = context.control.why_stopped();
    result.waited_for = context.control.waiting_for();
  }
  run.finish(run_outcome(result.end), result.total(ImageResult::restored).images);
  return result;
}

BackfillPlan plan_backfill(const Site& site, const ReadOptions& options,
                           const std::optional<SiteFigures>& known) {
  Session session(site.database, {.mode = OpenMode::read_only});
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  BackfillPlan plan;
  Allowance allowance(options);
  const auto take = [&](const PendingTotals& totals) {
    plan.images = totals.images;
    plan.bytes = totals.bytes;
    plan.unknown_size = totals.unknown_size;
    return plan;
  };
  const auto allowed = [](const Allowance& some) {
    return PendingTotals{some.used().images, some.used().bytes, some.unknown_size()};
  };
  // Before expand there is no queue: count the images without a hash.
  if (!state.has_ledger || !state.has_os_hash) {
    if (state.has_os_hash && !options.images.empty())
      return take(allowed(named_allowance(session, state.has_ledger, options)));
    if (Allowance::has_limits(options)) {
      pending_sizes(session, state.has_os_hash, [&](std::int64_t size) { allowance.take(size); });
      return take(allowed(allowance));
    }
    const SiteFigures figures = known ? *known : site_figures(session, state);
    return take({figures.pending.images, figures.pending.bytes, figures.unknown_size});
  }
  const SiteFigures figures = known ? *known : site_figures(session, state);
  plan.failed = figures.failed.images;
  plan.erased = figures.erased;
  if (!options.images.empty())
    return take(allowed(named_allowance(session, state.has_ledger, options)));
  if (Allowance::has_limits(options)) {
    QueueFigures(session).due_sizes(
        options.retry_failed,
        [&](std::int64_t left, std::int64_t whole) { allowance.take(left, whole); });
    return take(allowed(allowance));
  }
  // The failed images include those that are due again.
  const QueueTotals& again = options.retry_failed ? figures.failed : figures.reachable;
  // A hash that is erased and in doubt is not put back: the image is read.
  for (const QueueTotals& part :
       {figures.queued, figures.unqueued, figures.changed, figures.doubted, again}) {
    plan.images += part.images;
    plan.bytes += part.bytes;
  }
  // Of all that have no hash: some of these may be among those that failed.
  plan.unknown_size = std::min(figures.unknown_size, plan.images);
  return plan;
}

}  // namespace backglance
