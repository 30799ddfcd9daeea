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
// A mutex that waits for so long is one that the thread sanitizer of GCC 12 does not know.
constexpr std::chrono::milliseconds kBetweenTries{10};

}  // namespace

Settler::Settler(const Site& site, const std::string& run_id, ReadContext& context,
                 const OnResult& on_result, ReadResult& result)
    : session_(site.database, {.when_needed = true}),
      items_(session_),
      checkpoints_(session_),
      run_id_(run_id),
      context_(context),
      on_result_(on_result),
      result_(result),
      unreached_(session_, /*has_ledger=*/true, context) {}

void Settler::add(Work& work) {
  const std::lock_guard lock(mutex_);
  if (!work.outcome) {
    ++(work.put_back ? result_.put_back : result_.broken_off);
    if (work.checkpoint_refused)
      with_space(context_, [&] {
        retry(session_, [&] { checkpoints_.forget(work.claim); });
        return true;
      });
    release(work.claim);
    if (work.checkpoint_refused)
      refused_.push_back(std::move(work));
    return;
  }
  if (work.checkpoint)
    with_checkpoint_.insert(work.claim.image_id);
  Items::Settled settled{work.claim, std::move(*work.outcome)};
  if (UnreachedImages::is_one(settled.outcome))
    return settle_unreached([&] { return unreached_.add(std::move(settled)); });
  if (settled.outcome.location_id)
    settle_unreached([&] { return unreached_.reached(settled.outcome.place); });
  waiting_.push_back(std::move(settled));
  if (pace_.add(work.took) || context_.pause_gate().is_closed())
    commit();
}

void Settler::keep(const Claim& claim, const Checkpoint& checkpoint) {
  // While a commit waits for the database the read goes on; the next checkpoint says more.
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
    // Whether it is there or not, nothing is published of it: no reason to end the run.
    if (!std::exchange(has_warned_, true))
      context_.warn(
          std::string("a checkpoint could not be saved, and reads continue without checkpoints: ") +
          error.what());
  }
}

void Settler::flush() {
  const std::lock_guard lock(mutex_);
  commit();
  give_back_unreached();
}

void Settler::finish() {
  const std::lock_guard lock(mutex_);
  // Nobody waits for what a host does not see, who waits for an end.
  if (!context_.should_stop())
    settle_unreached([&] { return unreached_.finish(); });
  give_back_unreached();
  commit();
}

template <typename Ask>
void Settler::settle_unreached(const Ask& ask) {
  try {
    for (Items::Settled& one : ask())
      waiting_.push_back(std::move(one));
  } catch (const Error&) {
    commit();
    throw;
  }
}

void Settler::give_back_unreached() {
  for (const Items::Settled& one : unreached_.take_all())
    release(one.claim);
}

void Settler::release(const Claim& claim) {
  retry(session_, [&] { items_.release(run_id_, claim); });
  context_.held().remove(claim);
}

// Where commits are certified, on Galera, one that changes many rows loses against every one on
// another node that changes a single of them and is quicker. What loses several times is settled in
// halves.
std::vector<std::optional<ReadClass>> Settler::settle(
    const std::vector<Items::Settled>& some, std::chrono::steady_clock::time_point patience) {
  constexpr BusyAttempts kTogether = {.waited = 4, .refused = 4};
  const auto together = [&] { return items_.settle(run_id_, some); };
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

// A full disk refuses that too; the next run forgets, as it begins, what was settled.
void Settler::forget_checkpoint(const std::string& image_id) {
  try {
    retry(session_, [&] { checkpoints_.forget(image_id); });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::no_space)
      throw;
  }
}

void Settler::commit() {
  if (waiting_.empty())
    return;
  // A lock that somebody holds all the while is no conflict.
  constexpr std::chrono::minutes kPatience{3};
  const auto became = with_space(
      context_, [&] { return settle(waiting_, std::chrono::steady_clock::now() + kPatience); });
  std::vector<std::string> done_with;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    Items::Settled& one = waiting_[i];
    context_.held().remove(one.claim);
    ReadCounters& counters = context_.counters();
    counters.images_settled.fetch_add(1, std::memory_order_relaxed);
    counters.skip(one.claim.size_bytes, one.outcome.bytes);
    const bool has_checkpoint = with_checkpoint_.erase(one.claim.image_id) > 0;
    if (!became[i]) {
      ++result_.lost_leases;
      continue;
    }
    if (*became[i] != one.outcome.read_class) {
      one.outcome.read_class = *became[i];
      one.outcome.reason.clear();
      one.outcome.signatures = {};
    }
    one.outcome.again = Items::is_tried_again(one.outcome.read_class, one.claim);
    result_.count(one.outcome);
    if (is_finding(one.outcome))
      counters.findings.fetch_add(1, std::memory_order_relaxed);
    if (on_result_)
      on_result_(one.claim.image_id, one.outcome);
    if (has_checkpoint)
      done_with.push_back(one.claim.image_id);
  }
  waiting_.clear();
  // Last: what else is done of images that are published would not be done again.
  for (const std::string& image_id : done_with)
    forget_checkpoint(image_id);
  pace_.committed();
}

}  // namespace backglance
