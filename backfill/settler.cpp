#include "backfill/settler.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "backfill/store_probe.h"
#include "sql/retry.h"

namespace backglance {
namespace {

bool is_unreached(ReadClass read_class) {
  return read_class == ReadClass::missing || read_class == ReadClass::unreadable;
}

}  // namespace

Settler::Settler(const Site& site, const std::string& run_id, ReadContext& context,
                 const OnResult& on_result, ReadResult& result)
    : session_(site.database, {.when_needed = true}),
      items_(session_),
      run_id_(run_id),
      context_(context),
      on_result_(on_result),
      result_(result) {}

void Settler::add(Work& work) {
  const std::lock_guard lock(mutex_);
  if (!work.outcome) {
    ++(work.put_back ? result_.put_back : result_.broken_off);
    retry(session_, [&] { items_.release(run_id_, work.claim); });
    context_.held().remove(work.claim.image_id);
    return;
  }
  Items::Settled settled{work.claim, std::move(*work.outcome)};
  if (is_unreached(settled.outcome.read_class))
    return doubt(std::move(settled));
  if (settled.outcome.location_id)
    believe();
  waiting_.push_back(std::move(settled));
  if (pace_.add(work.took) || context_.pause_gate().is_closed())
    commit();
}

void Settler::flush() {
  const std::lock_guard lock(mutex_);
  commit();
}

void Settler::finish() {
  const std::lock_guard lock(mutex_);
  believe();
  commit();
}

// A mount that is gone, or another one in its place, looks like a store without images. One host
// would pass over the whole queue in a minute so, and leave nothing to those that see the store.
void Settler::doubt(Items::Settled unreached) {
  constexpr std::size_t kInARow = 20;
  unreached_.push_back(std::move(unreached));
  if (unreached_.size() < kInARow)
    return;
  if (any_image_is_readable(session_, context_))
    return believe();
  commit();
  context_.abandon();
  throw Error(ErrorKind::io,
              fmt::format("{} images in a row could not be opened here, nor could any other that "
                          "was tried: is the store mounted? None of them was settled",
                          unreached_.size()),
              "backglance status");
}

// The store is there, and what was not reached in it is not.
void Settler::believe() {
  std::move(unreached_.begin(), unreached_.end(), std::back_inserter(waiting_));
  unreached_.clear();
}

// Where commits are certified, on Galera, one that changes many rows loses against every one on
// another node that changes a single of them and is quicker. What loses several times is settled in
// halves.
std::vector<std::optional<ReadClass>> Settler::settle(
    const std::vector<Items::Settled>& some, std::chrono::steady_clock::time_point patience) {
  constexpr int kTogether = 4;
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

void Settler::commit() {
  if (waiting_.empty())
    return;
  // A lock that somebody holds all the while is no conflict.
  constexpr std::chrono::minutes kPatience{3};
  const auto became = settle(waiting_, std::chrono::steady_clock::now() + kPatience);
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    Items::Settled& one = waiting_[i];
    context_.held().remove(one.claim.image_id);
    ReadCounters& counters = context_.counters();
    counters.images_settled.fetch_add(1, std::memory_order_relaxed);
    counters.skip(one.claim.size_bytes, one.outcome.bytes);
    if (!became[i]) {
      ++result_.lost_leases;
      continue;
    }
    if (*became[i] != one.outcome.read_class) {
      one.outcome.read_class = *became[i];
      one.outcome.reason.clear();
    }
    ClassTotal& total = result_.total(one.outcome.read_class);
    ++total.images;
    total.bytes += one.outcome.bytes;
    if (is_finding(one.outcome.read_class))
      counters.findings.fetch_add(1, std::memory_order_relaxed);
    if (on_result_)
      on_result_(one.claim.image_id, one.outcome);
  }
  waiting_.clear();
  pace_.committed();
}

}  // namespace backglance
