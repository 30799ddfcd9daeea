#include "backfill/stream_limit.h"

#include <algorithm>

#include "backfill/store/store_kind.h"

namespace backglance {

StreamSearch::StreamSearch(int first, int most, Clock::time_point now)
    : streams_(std::min(first, most)), most_(most), resting_until_(now), window_began_(now) {}

void StreamSearch::begin_window(std::uint64_t bytes, Clock::time_point now) {
  window_began_ = now;
  window_bytes_ = bytes;
  window_busy_ = true;
}

void StreamSearch::look(std::uint64_t bytes, bool all_busy, Clock::time_point now) {
  window_busy_ = window_busy_ && all_busy;
  if (now - window_began_ < kWindow)
    return;
  const double rate = static_cast<double>(bytes - window_bytes_) /
                      std::chrono::duration<double>(now - window_began_).count();
  const bool busy = window_busy_;
  begin_window(bytes, now);
  // What was not asked of the store says nothing about it.
  if (!busy)
    return;
  if (before_ > 0 && rate < rate_before_ * kGain) {
    streams_ = std::exchange(before_, 0);
    resting_until_ = now + kRest;
    return;
  }
  before_ = 0;
  if (streams_ == most_ || now < resting_until_)
    return;
  before_ = streams_;
  rate_before_ = rate;
  streams_ = std::min(2 * streams_, most_);
}

StreamLimits::Stream::~Stream() {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  --limits_->store_at(place_).taken;
  limits_->given_back_.notify_all();
}

void StreamLimits::Stream::add(std::uint64_t bytes) {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  Store& store = limits_->store_at(place_);
  store.bytes += bytes;
  const int before = store.search.streams();
  if (store.is_searched)
    store.search.look(store.bytes, store.taken >= before, StreamSearch::Clock::now());
  if (store.search.streams() > before)
    limits_->given_back_.notify_all();
}

StreamLimits::Stream StreamLimits::take(const std::string& place,
                                        const std::function<bool()>& should_stop) {
  if (place.empty())
    return {};
  std::unique_lock lock(mutex_);
  Store& store = store_at(place);
  while (store.taken >= store.search.streams()) {
    if (should_stop())
      return {};
    given_back_.wait_for(lock, std::chrono::milliseconds(100));
  }
  ++store.taken;
  return {this, place};
}

StreamLimits::Store& StreamLimits::store_at(const std::string& place) {
  const auto found = stores_.find(place);
  if (found != stores_.end())
    return found->second;
  const bool searched = !fixed_ && most_ > kFew && store_kind(place) != StoreKind::solid;
  return stores_.try_emplace(place, searched ? kFew : most_, most_, searched).first->second;
}

}  // namespace backglance
