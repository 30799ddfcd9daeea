// SPDX-License-Identifier: Apache-2.0
#include "verify/verify.h"

#include <algorithm>

#include "read/read_stage.h"
#include "read/run_stages.h"
#include "read/verdict.h"
#include "sql/schema_state.h"
#include "verify/verify_list.h"
#include "verify/verify_record.h"

namespace backglance {

PendingTotals plan_verify(Session& session, const ReadOptions& options) {
  const SchemaState state = read_schema_state(session);
  require_os_hash(state);
  // The flags of migrate say which images are signed.
  if (options.signed_only)
    require_expanded(state);
  return within_limits(session, images_to_verify(session, options), options);
}

ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result) {
  ReadResult result;
  // Before the run begins: Error{usage} or Error{io} if no certificate could be fetched.
  if (options.certificates)
    options.certificates->prepare();
  // Before VerifyList, which asks for the number of streams.
  context.streams.limit(options.stream_terms(context.stores));
  VerifyList list(site, context, options);
  result.left_images = list.all().images;
  result.left_bytes = list.all().bytes;
  VerifyRecord record(site, list.has_ledger(), context, on_result, result);
  DigestWorkers workers(options.jobs_or_default(),
                        static_cast<std::size_t>(options.readers(context.stores)),
                        options.begin_thread());
  run_stages(context, options, list, record, [&](Work& work) {
    read_in_time(work, workers, context, options);
    if (work.outcome && work.outcome->result == ImageResult::hashed)
      judge_for_verify(work.task.image, *work.outcome);
    check_signatures(work, options);
  });
  record.finish();
  if (record.lost())
    throw Error(ErrorKind::busy,
                "another run declared this one dead (no heartbeat); its results so far are saved",
                "backglance verify");
  if (const auto unseen = record.unseen_places())
    throw Error(*unseen);
  result.end = end_of_run(list.end(), result, context);
  if (result.end != RunEnd::complete)
    result.waited_for = context.control.waiting_for();
  TooLarge too_large = record.too_large();
  too_large.add(list.too_large());
  result.too_large = too_large.images;
  result.largest = too_large.largest;
  // Images may have come and gone since they were counted.
  result.left_images = std::max<std::int64_t>(result.left_images, 0);
  result.left_bytes = std::max<std::int64_t>(result.left_bytes, 0);
  result.bytes_read = static_cast<std::int64_t>(context.counters.bytes_read.load());
  // Last: until then the heartbeat shows the run as alive.
  record.finish_run(result.end);
  return result;
}

}  // namespace backglance
