// SPDX-License-Identifier: Apache-2.0
#include "backfill/settler.h"

#include <chrono>
#include <thread>
#include <utility>

#include "read/with_space.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kCheckpointMayWait{5};
// The thread sanitizer of GCC 12 does not know std::timed_mutex, so the wait is a loop of tries.
constexpr std::chrono::milliseconds kBetweenTries{10};

}  // namespace

Settler::Settler(const Site& site, const std::string& run_id, ReadContext& context,
                 const OnResult& on_result, ReadResult& result, PassedImages& passed)
    : SettleStage(site.database, {.when_needed = true}, /*has_ledger=*/true, context, on_result,
                  result),
      queue_(session_),
      results_(session_,
               [&stores = context.stores](const LocationRow& one, const LocationRow& other) {
                 return stores.is_same_location(one.value, one.meta_data, other.value,
                                                other.meta_data);
               }),
      checkpoints_(session_),
      run_id_(run_id),
      passed_(passed) {}

void Settler::begin(const Work& work) {
  if (work.checkpoint)
    with_checkpoint_.insert(work.claim.image_id);
}

void Settler::give_back(Work& work) {
  if (work.checkpoint_refused)
    with_space(context_.control, [&] {
      retry(session_, [&] { checkpoints_.forget(work.claim); });
      return true;
    });
  // Otherwise each claim would take it once more.
  if (work.found_size)
    retry(session_, [&] { queue_.correct_size(run_id_, work.claim, *work.found_size); });
  release(work.claim);
  if (work.checkpoint_refused)
    refused_.push_back(std::move(work));
}

void Settler::keep(const Claim& claim, const Checkpoint& checkpoint) {
  // If a commit holds the mutex for long, the read continues without this checkpoint; the next one
  // covers more.
  std::unique_lock lock(mutex_, std::try_to_lock);
  for (const auto until = std::chrono::steady_clock::now() + kCheckpointMayWait; !lock;) {
    if (std::chrono::steady_clock::now() > until)
      return;
    std::this_thread::sleep_for(kBetweenTries);
    static_cast<void>(lock.try_lock());
  }
  try {
    if (checkpoints_.keep(run_id_, claim, checkpoint))
      with_checkpoint_.insert(claim.image_id);
  } catch (const Error& error) {
    // A checkpoint publishes nothing, so a failure is no reason to end the run.
    if (!std::exchange(has_warned_, true))
      context_.control.warn(
          std::string("a checkpoint could not be saved, and reads continue without checkpoints: ") +
          error.what());
  }
}

void Settler::leave(const SettledImage& image) {
  passed_.pass(image.claim, [&] { release(image.claim); });
}

void Settler::leave_unreached() {
  for (const SettledImage& image : take_unreached())
    release(image.claim);
}

void Settler::release(const Claim& claim) {
  retry(session_, [&] { queue_.release(run_id_, claim); });
  context_.held.remove(claim);
}

// Galera certifies each commit. One that changes many rows loses against every faster commit on
// another node that changes one of these rows. If a commit loses several times, it is repeated in
// halves.
std::vector<std::optional<ImageResult>> Settler::settle(
    const std::vector<SettledImage>& some, std::chrono::steady_clock::time_point patience) {
  constexpr BusyAttempts kTogether = {.waited = 4, .refused = 4};
  const auto together = [&] { return results_.settle(run_id_, some); };
  if (some.size() == 1)
    return retry(session_, together);
  try {
    return retry(session_, together, kTogether);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::busy || std::chrono::steady_clock::now() > patience)
      throw;
  }
  const auto middle = some.begin() + static_cast<std::ptrdiff_t>(some.size() / 2);
  auto became = settle({some.begin(), middle}, patience);
  const auto rest = settle({middle, some.end()}, patience);
  became.insert(became.end(), rest.begin(), rest.end());
  return became;
}

// A full disk refuses this too. The next run begins by deleting the checkpoints of settled images.
void Settler::forget_checkpoint(const std::string& image_id) {
  try {
    retry(session_, [&] { checkpoints_.forget(image_id); });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::no_space)
      throw;
  }
}

std::vector<bool> Settler::record(std::vector<SettledImage>& images) {
  // After this time it is not a conflict but a lock that somebody holds, and halves do not help.
  constexpr std::chrono::minutes kPatience{3};
  const auto became = with_space(context_.control, [&] {
    return settle(images, std::chrono::steady_clock::now() + kPatience);
  });
  std::vector<bool> ours;
  for (std::size_t i = 0; i < images.size(); ++i) {
    auto& [claim, outcome] = images[i];
    // Settled, or lost to another run: the heartbeat must not renew it any more.
    context_.held.remove(claim);
    const bool has_checkpoint = with_checkpoint_.erase(claim.image_id) > 0;
    ours.push_back(became[i].has_value());
    if (!became[i])
      continue;
    // Glance has changed the row: the reason of the read does not belong to this result.
    if (*became[i] != outcome.result) {
      outcome.result = *became[i];
      outcome.reason.clear();
      outcome.signatures = {};
      outcome.is_transient = false;
    }
    outcome.again = is_tried_again(outcome, claim);
    // What was read before the store failed is not read again.
    if (has_checkpoint && (outcome.forgets_checkpoint || !(outcome.again && outcome.is_transient)))
      done_with_.push_back(claim.image_id);
  }
  return ours;
}

// Last, after the images were counted and reported: if this throws, a published image would not be
// reported again.
void Settler::recorded() {
  for (const std::string& image_id : std::exchange(done_with_, {}))
    forget_checkpoint(image_id);
}

}  // namespace backglance
