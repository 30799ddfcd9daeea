// SPDX-License-Identifier: Apache-2.0
#include "read/read_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "digest/digest_engine.h"

namespace backglance {

ImageRow named_image(Session& session, const std::string& image_id) {
  auto image = read_image(session, image_id);
  if (!image) {
    // With quotes, so that a space at the end shows.
    const std::string like = like_image(session, image_id);
    throw Error(
        ErrorKind::usage,
        fmt::format("--image: there is no image '{}' in Glance's database{}", printable(image_id),
                    like.empty() ? "; it may have been purged"
                                 : "; the id of an image is " + printable(like)));
  }
  return std::move(*image);
}

std::int64_t left_of(std::int64_t size, const std::optional<Checkpoint>& begun) {
  return begun && begun->offset <= size ? size - begun->offset : size;
}

void Allowance::take(std::int64_t left, std::int64_t whole) {
  left = std::max<std::int64_t>(left, 0);
  // An image that does not fit is left out; a smaller one after it may still fit.
  if (is_used_up() || (options_.max_bytes && left > *options_.max_bytes - used_.bytes))
    return;
  ++used_.images;
  used_.bytes += left;
  unknown_ += whole > 0 ? 0 : 1;
  whole_bytes_ += std::max<std::int64_t>(whole, 0);
}

bool is_worth_a_part(const DigestAlgorithm& algorithm, std::int64_t in_time,
                     const ReadOptions& options) {
  // Only digests that lanes can compute can save their state, and both are needed to continue.
  return in_time >= std::min(kWorthKeeping, options.checkpoint_bytes) &&
         uses_blocks(md5_algorithm()) && uses_blocks(algorithm);
}

bool too_late(std::int64_t size, const ReadContext& context, const ReadOptions& options) {
  return options.images.empty() && size > context.pace.largest_in_time();
}

void read_in_time(Work& work, DigestWorkers& workers, ReadContext& context,
                  const ReadOptions& options, std::function<void(const Checkpoint&)> keep) {
  if (work.outcome)
    return;
  // Checked again, because another image may have been read between the claim and this read.
  const std::int64_t done = work.checkpoint ? work.checkpoint->offset : 0;
  const auto in_parts = [&] {
    return keep && is_worth_a_part(*work.algorithm, context.pace.largest_in_time(), options);
  };
  if (context.control.should_stop() ||
      (too_late(work.claim.size_bytes - done, context, options) && !in_parts())) {
    work.put_back = true;
    return;
  }
  const auto began = ReadPace::Clock::now();
  Resumption resumption = {.from = work.checkpoint ? &*work.checkpoint : nullptr,
                           .keep = std::move(keep),
                           .every_bytes = options.checkpoint_bytes};
  resumption.fits = [&](std::int64_t left, std::int64_t whole) {
    const std::int64_t expected = left_of(work.claim.size_bytes, work.checkpoint);
    // Of an image as large as expected, a checkpoint of a location that cannot be read any more
    // does not help: another location is read whole.
    if (left <= expected || (work.checkpoint && whole <= work.claim.size_bytes))
      return true;
    // Glance knows no size, or the size has changed since the image was queued: nothing of what
    // follows was asked before the claim.
    const bool late = too_late(left, context, options) && !in_parts();
    work.over_budget = !late && !context.budget.promise_if_left(left - expected);
    if (late || work.over_budget) {
      context.budget.promise(-expected);
      work.put_back = true;
      work.found_size = whole;
      return false;
    }
    if (whole > work.claim.size_bytes)
      context.counters.bytes_total.fetch_add(
          static_cast<std::uint64_t>(whole - work.claim.size_bytes), std::memory_order_relaxed);
    return true;
  };
  if (options.max_bytes)  // only the bytes after the checkpoint were counted
    resumption.refused = [&work] { work.put_back = work.checkpoint_refused = true; };
  work.outcome = read_once(work.task, *work.algorithm, workers, context, resumption);
  work.took = ReadPace::Clock::now() - began;
}

void check_signatures(Work& work, const ReadOptions& options) {
  if (!options.certificates || !work.outcome)
    return;
  ReadOutcome& outcome = *work.outcome;
  // If the bytes do not agree with Glance, a signature over them proves nothing.
  if (!agrees(outcome.result))
    return;
  outcome.signatures = work.task.signatures.check(
      outcome.md5, outcome.signature_digest,
      {*options.certificates, options.trusted.get(),
       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())});
  // The state records for which properties and bytes the verdict holds.
  const auto state_of = [&](SignedOver what) {
    return verified_state(what, work.task.signed_with, work.task.locations, outcome.digest);
  };
  if (outcome.signatures.data)
    outcome.signatures.data_state = state_of(SignedOver::data);
  if (outcome.signatures.legacy)
    outcome.signatures.legacy_state = state_of(SignedOver::md5);
}

RunEnd end_of_run(RunEnd claimed, const ReadResult& result, const ReadContext& context) {
  // A signal or the end of the time only counts if an image was left because of it.
  if (result.broken_off + result.put_back > 0 && context.control.should_stop())
    return context.control.why_stopped();
  // The store holds more of these than --max-bytes permits to read.
  if (result.over_budget > 0 && claimed == RunEnd::complete)
    return RunEnd::limit;
  // Images were put back because the time left was too short for them.
  if (result.put_back > 0 && claimed == RunEnd::complete)
    return RunEnd::out_of_time;
  return claimed;
}

std::string run_outcome(RunEnd end) {
  switch (end) {
    case RunEnd::complete:
      return "done";
    case RunEnd::limit:
      return "limit";
    case RunEnd::out_of_time:
      return "out of time";
    case RunEnd::stopped:
      return "stopped";
    case RunEnd::interrupted:
      break;
  }
  return "interrupted";
}

}  // namespace backglance
