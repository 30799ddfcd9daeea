#include "backfill/stream_limit.h"

#include <algorithm>

#include "backfill/store/store_kind.h"

namespace backglance {

StreamSearch::StreamSearch(const Terms& terms, Clock::time_point now)
    : terms_(terms),
      streams_(std::min(terms.first, terms.most)),
      resting_until_(now),
      window_began_(now) {}

void StreamSearch::begin_window(std::uint64_t bytes, Clock::time_point now) {
  window_began_ = now;
  window_bytes_ = bytes;
  window_busy_ = true;
}

void StreamSearch::look(std::uint64_t bytes, bool busy, Clock::time_point now) {
  window_busy_ = window_busy_ && busy;
  if (now - window_began_ < terms_.window)
    return;
  const double rate = static_cast<double>(bytes - window_bytes_) /
                      std::chrono::duration<double>(now - window_began_).count();
  const bool was_busy = window_busy_;
  begin_window(bytes, now);
  // What was not asked of the store says nothing about it.
  if (!was_busy)
    return;
  if (before_ > 0 && rate < rate_before_ * kGain) {
    streams_ = std::exchange(before_, 0);
    resting_until_ = now + kRest;
    return;
  }
  before_ = 0;
  if (streams_ == terms_.most || now < resting_until_)
    return;
  before_ = streams_;
  rate_before_ = rate;
  streams_ = std::min(2 * streams_, terms_.most);
}

StreamLimits::StreamLimits(const Terms& terms) {
  // What is digested from memory shows its rate at once.
  constexpr std::chrono::milliseconds kQuick{500};
  const auto now = StreamSearch::Clock::now();
  for (const std::string& place : terms.places) {
    StreamSearch::Terms search{.first = terms.most, .most = terms.most};
    if (!terms.fixed && store_kind(place) != StoreKind::solid)
      search.first = kFew;
    else if (!terms.fixed)
      search = {kFewOfCore * terms.cores, terms.most, kQuick};
    stores_.try_emplace(place, Store{.search = StreamSearch(search, now)});
  }
}

int StreamLimits::all_streams() const {
  int sum = 0;
  for (const auto& [place, store] : stores_)
    sum += store.search.streams();
  return std::max(sum, 1);
}

StreamLimits::Admission::~Admission() {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  --limits_->admitted_;
  limits_->given_back_.notify_one();
}

StreamLimits::Admission StreamLimits::admit(const ShouldStop& should_stop) {
  std::unique_lock lock(mutex_);
  while (admitted_ >= all_streams()) {
    if (should_stop())
      return {};
    given_back_.wait_for(lock, std::chrono::milliseconds(200));
  }
  ++admitted_;
  return Admission(this);
}

StreamLimits::Stream::~Stream() {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  --limits_->stores_.at(place_).taken;
  limits_->given_back_.notify_all();
}

void StreamLimits::Stream::add(std::uint64_t bytes) {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  Store& store = limits_->stores_.at(place_);
  store.bytes += bytes;
  const int before = store.search.streams();
  store.search.look(store.bytes, 2 * store.taken > before, StreamSearch::Clock::now());
  if (store.search.streams() > before)
    limits_->given_back_.notify_all();
}

StreamLimits::Stream StreamLimits::take(const std::string& place, const ShouldStop& should_stop) {
  std::unique_lock lock(mutex_);
  const auto found = stores_.find(place);
  if (found == stores_.end())
    return {};
  Store& store = found->second;
  while (store.taken >= store.search.streams()) {
    if (should_stop())
      return {};
    given_back_.wait_for(lock, std::chrono::milliseconds(200));
  }
  ++store.taken;
  return {this, place};
}

}  // namespace backglance
