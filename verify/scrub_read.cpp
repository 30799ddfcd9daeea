// SPDX-License-Identifier: Apache-2.0
#include "verify/scrub_read.h"

#include <algorithm>

#include "digest/digest_engine.h"
#include "read/checkpoint_interval.h"
#include "read/read_stage.h"

namespace backglance {
namespace {

bool can_continue(const Work& work) {
  const DigestAlgorithm* const signed_over = work.task.signatures.digest();
  return uses_blocks(md5_algorithm()) && uses_blocks(*work.algorithm) &&
         (signed_over == nullptr || uses_blocks(*signed_over));
}

}  // namespace

void read_for_scrub(Work& work, DigestWorkers& workers, ReadContext& context,
                    const ReadOptions& options,
                    const std::function<void(const Checkpoint&)>& keep) {
  if (work.outcome)
    return;
  const bool in_parts = can_continue(work);
  const std::int64_t expected = left_of(work.claim.size_bytes, work.checkpoint);
  const std::int64_t promised = work.most_bytes.value_or(expected);
  // Asked again here, because another image may have been read between the claim and this read.
  const auto is_too_late = [&](std::int64_t left) {
    const std::int64_t in_time = context.pace.largest_in_time();
    return left > in_time &&
           !(in_parts && in_time >= std::min(kWorthKeeping, options.checkpoint_bytes));
  };
  if (context.control.should_stop() || is_too_late(expected) || (work.most_bytes && !in_parts)) {
    context.budget.promise(-promised);
    work.put_back = true;
    return;
  }
  const auto began = ReadPace::Clock::now();
  Resumption resumption = {.from = work.checkpoint ? &*work.checkpoint : nullptr,
                           .keep = keep,
                           .every_bytes = options.checkpoint_bytes,
                           .most_bytes = work.most_bytes};
  // A part that is smaller than the interval ends with a checkpoint too, after its last buffer.
  if (work.most_bytes)
    resumption.every_bytes = std::clamp<std::int64_t>(
        *work.most_bytes - std::int64_t{DigestWorkers::kBufferBytes}, 1, resumption.every_bytes);
  resumption.fits = [&](std::int64_t left, std::int64_t whole) {
    // If the checkpoint does not fit the object any more, more is left than was expected.
    if (left <= expected || work.most_bytes)
      return true;
    const bool late = is_too_late(left);
    work.over_budget = !late && !context.budget.promise_if_left(left - expected);
    if (late || work.over_budget) {
      context.budget.promise(-expected);
      work.put_back = true;
      // The next run knows the size when it claims the image, and may read a part of it.
      if (whole > work.claim.size_bytes)
        work.found_size = whole;
      work.checkpoint_refused = whole <= work.claim.size_bytes;
      return false;
    }
    if (whole > work.claim.size_bytes)
      context.counters.bytes_total.fetch_add(
          static_cast<std::uint64_t>(whole - work.claim.size_bytes), std::memory_order_relaxed);
    return true;
  };
  work.outcome = read_once(work.task, *work.algorithm, workers, context, resumption);
  if (work.outcome && work.checkpoint)
    work.outcome->read_since = work.checkpoint->begun_at;
  work.took = ReadPace::Clock::now() - began;
}

}  // namespace backglance
