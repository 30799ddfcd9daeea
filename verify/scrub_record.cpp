// SPDX-License-Identifier: Apache-2.0
#include "verify/scrub_record.h"

#include <chrono>
#include <thread>
#include <utility>

#include "ledger/verifications.h"
#include "read/read_stage.h"
#include "read/with_space.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kCheckpointMayWait{5};
// A loop of tries, as in backfill/settler.cpp.
constexpr std::chrono::milliseconds kBetweenTries{10};

}  // namespace

ScrubRecord::ScrubRecord(const Site& site, const std::string& run_id, ReadContext& context,
                         const OnResult& on_result, ReadResult& result)
    : SettleStage(site.database, {.when_needed = true}, /*has_ledger=*/true, context, on_result,
                  result),
      queue_(session_, run_id),
      parts_(session_),
      run_id_(run_id) {}

void ScrubRecord::begin(const Work& work) {
  if (work.checkpoint)
    with_checkpoint_.insert(work.claim.image_id);
}

void ScrubRecord::keep(const Work& work, Checkpoint checkpoint) {
  checkpoint.begun_at = work.checkpoint ? work.checkpoint->begun_at : 0;
  // If a commit holds the mutex for long, the read continues without this checkpoint.
  std::unique_lock lock(mutex_, std::try_to_lock);
  for (const auto until = std::chrono::steady_clock::now() + kCheckpointMayWait; !lock;) {
    if (std::chrono::steady_clock::now() > until)
      return;
    std::this_thread::sleep_for(kBetweenTries);
    static_cast<void>(lock.try_lock());
  }
  try {
    if (parts_.keep(run_id_, work.claim, checkpoint))
      with_checkpoint_.insert(work.claim.image_id);
  } catch (const Error& error) {
    // A checkpoint proves nothing, so a failure is no reason to end the run.
    if (!std::exchange(has_warned_, true))
      context_.control.warn(
          std::string("a checkpoint could not be saved, and reads continue without checkpoints: ") +
          error.what());
  }
}

void ScrubRecord::give_back(Work& work) {
  if (work.checkpoint_refused)
    retry(session_, [&] { parts_.forget(work.claim); });
  if (work.found_size)
    retry(session_, [&] { queue_.correct_size(work.claim, *work.found_size); });
  release(work.claim, left_of(work.found_size.value_or(work.claim.size_bytes), work.checkpoint));
}

void ScrubRecord::leave(const SettledImage& image) {
  release(image.claim, image.claim.size_bytes);
}

void ScrubRecord::leave_unreached() {
  for (const SettledImage& image : take_unreached())
    leave(image);
}

void ScrubRecord::release(const Claim& claim, std::int64_t left_bytes) {
  retry(session_, [&] { queue_.release(claim); });
  context_.held.remove(claim);
  ++given_back_.images;
  given_back_.bytes += left_bytes;
}

// Safe to repeat after a lost answer: what was settled is recognised by run and token, and the row
// of an image is replaced.
std::vector<bool> ScrubRecord::record_together(const std::vector<SettledImage>& images) {
  std::vector<bool> ours;
  std::vector<SettledImage> recorded;
  Transaction transaction(session_);
  for (const SettledImage& image : images) {
    const auto& [claim, outcome] = image;
    const ResultFacts& facts = facts_of(outcome.result);
    const bool has_evidence = facts.evidence != Evidence::none;
    // Nothing is left to verify: the image is gone, or it has neither hash nor checksum any more.
    const bool is_gone =
        facts.retry.when == RetryRule::When::when_live || (facts.done && !has_evidence);
    const bool was_compared = has_evidence && !outcome.compared_nothing;
    ours.push_back(is_gone || queue_.settle(claim, was_compared));
    if (!ours.back())
      continue;
    if (is_gone)
      queue_.remove(claim);
    if (is_gone || with_checkpoint_.contains(claim.image_id))
      parts_.forget(claim);
    recorded.push_back(image);
  }
  record_within(session_, run_id_, recorded);
  transaction.commit();
  return ours;
}

std::vector<bool> ScrubRecord::record(std::vector<SettledImage>& images) {
  auto ours = with_space(context_.control,
                         [&] { return retry(session_, [&] { return record_together(images); }); });
  for (const SettledImage& image : images) {
    // Settled, or lost to another run: the heartbeat must not renew it any more.
    context_.held.remove(image.claim);
    with_checkpoint_.erase(image.claim.image_id);
  }
  return ours;
}

}  // namespace backglance
