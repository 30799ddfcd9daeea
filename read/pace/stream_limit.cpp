// SPDX-License-Identifier: Apache-2.0
#include "read/pace/stream_limit.h"

#include <algorithm>

namespace backglance {

StreamSearch::StreamSearch(const Terms& terms, Clock::time_point now)
    : terms_(terms),
      streams_(std::min(terms.first, terms.most)),
      proven_(streams_),
      no_glimpse_before_(now),
      resting_until_(now),
      window_began_(now) {
  window_.busy = true;
}

void StreamSearch::begin_window(const Seen& seen, Clock::time_point now) {
  window_began_ = now;
  window_ = seen;
  window_.busy = true;
}

void StreamSearch::look(const Seen& seen, Clock::time_point now) {
  window_.busy = window_.busy && seen.busy;
  const auto window = now - window_began_;
  const auto waited = seen.waited - window_.waited;
  const bool at_once = streams_ < terms_.most && now >= no_glimpse_before_ && seen.full &&
                       window >= kGlimpse && 4 * waited < streams_ * window;
  const bool soon = window >= kQuickWindow && 2 * waited < streams_ * window;
  if (window < kWindow && !soon && !at_once)
    return;
  const double rate = static_cast<double>(seen.bytes - window_.bytes) /
                      std::chrono::duration<double>(window).count();
  const bool was_busy = window_.busy;
  begin_window(seen, now);
  // If the streams were not in use, the rate shows nothing about the store.
  if (!was_busy)
    return;
  if (at_once) {
    before_ = 0;
    give_more();
    return;
  }
  // The store is the limit again: take back the streams that it got while it was fast.
  if (before_ == 0 && streams_ > proven_ && !soon) {
    streams_ = proven_;
    no_glimpse_before_ = now + kRest;
    return;
  }
  // The larger number did not pay off.
  if (before_ > 0 && rate < rate_before_ * kGain) {
    streams_ = std::exchange(before_, 0);
    resting_until_ = now + kRest;
    return;
  }
  if (before_ > 0 && !soon)
    proven_ = streams_;
  before_ = 0;
  if (streams_ == terms_.most || now < resting_until_)
    return;
  // Try twice as many.
  before_ = streams_;
  rate_before_ = rate;
  give_more();
}

StreamLimits::StreamLimits(Terms terms) : terms_(std::move(terms)) {
  for (const std::string& place : terms_.places)
    store_at(place);
}

StreamLimits::Store& StreamLimits::store_at(const std::string& place) {
  if (const auto known = store_at_.find(place); known != store_at_.end())
    return *known->second;
  const PlaceTraits traits = terms_.traits(place);
  const int asked = std::clamp(terms_.most, 1, traits.most_asked);
  StreamSearch::Terms search{.first = asked, .most = asked};
  if (!terms_.fixed) {
    search.most = std::max(1, std::min(terms_.most, traits.most_streams));
    search.first = traits.kind == StoreKind::solid ? kFewOfCore * terms_.cores : kFew;
  }
  // Unless the number is fixed, directories on the same disk share their streams.
  const auto store =
      stores_.try_emplace(terms_.fixed ? place : traits.shared,
                          Store{.search = StreamSearch(search, StreamSearch::Clock::now())});
  return *store_at_.emplace(place, &store.first->second).first->second;
}

int StreamLimits::Store::streams() const {
  const int found = search.streams();
  return StreamSearch::Clock::now() < relieved_until ? std::min(found, at_most) : found;
}

void StreamLimits::overloaded(const std::string& place) {
  const std::lock_guard lock(mutex_);
  Store& store = store_at(place);
  const auto now = StreamSearch::Clock::now();
  // Many streams hear the same at the same time; that is one overload.
  constexpr std::chrono::seconds kSame{5};
  if (store.at_most > 0 && now < store.relieved_until - kRelief + kSame)
    return;
  store.at_most = std::max(1, store.streams() / 2);
  store.relieved_until = now + kRelief;
}

int StreamLimits::streams_of_all() const {
  int sum = 0;
  for (const auto& [place, store] : stores_)
    sum += store.streams();
  // At least one, so that a site without known places is read too.
  return std::max(sum, 1);
}

int StreamLimits::all_streams() {
  const std::lock_guard lock(mutex_);
  return streams_of_all();
}

StreamLimits::Admission::~Admission() {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  --limits_->admitted_;
  --limits_->holders_[thread_].permissions;
  limits_->forget_if_empty(thread_);
  limits_->admissible_.notify_one();
}

bool StreamLimits::Admission::is_one_too_many() const {
  if (limits_ == nullptr)
    return false;
  const std::lock_guard lock(limits_->mutex_);
  return limits_->admitted_ - limits_->waiting_ > limits_->streams_of_all();
}

template <typename Free>
bool StreamLimits::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                        const ShouldStop& should_stop, const Free& is_free) {
  while (!is_free()) {
    if (should_stop())
      return false;
    // With a time limit: should_stop() becomes true without a notification.
    changed.wait_for(lock, std::chrono::milliseconds(200));
  }
  return true;
}

StreamLimits::Admission StreamLimits::admit(const ShouldStop& should_stop) {
  std::unique_lock lock(mutex_);
  if (!wait(lock, admissible_, should_stop,
            [this] { return admitted_ - waiting_ < streams_of_all(); }))
    return {};
  ++admitted_;
  ++holders_[std::this_thread::get_id()].permissions;
  return Admission(this);
}

StreamLimits::Stream::~Stream() {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  --store_->taken;
  auto& streams = limits_->holders_[thread_].streams;
  streams.erase(std::ranges::find(streams, store_));
  limits_->forget_if_empty(thread_);
  limits_->given_back_.notify_all();
}

void StreamLimits::forget_if_empty(std::thread::id thread) {
  const auto found = holders_.find(thread);
  if (found->second.permissions == 0 && found->second.streams.empty())
    holders_.erase(found);
}

void StreamLimits::begin_wait(Keep keep) {
  const std::lock_guard lock(mutex_);
  const auto found = holders_.find(std::this_thread::get_id());
  if (found == holders_.end())
    return;
  Holder& holder = found->second;
  if (holder.permissions > 0) {
    holder.lends_permission = true;
    ++waiting_;
    admissible_.notify_one();
  }
  if (keep == Keep::nothing && !holder.streams.empty()) {
    holder.lent = holder.streams.back();
    --holder.lent->taken;
    given_back_.notify_all();
  }
}

void StreamLimits::end_wait(const ShouldStop& should_stop) {
  std::unique_lock lock(mutex_);
  const auto found = holders_.find(std::this_thread::get_id());
  if (found == holders_.end())
    return;
  Holder& holder = found->second;
  if (Store* const store = std::exchange(holder.lent, nullptr)) {
    // With or without success: the Stream gives it back.
    wait(lock, given_back_, should_stop, [&] { return store->taken < store->streams(); });
    if (++store->taken == 1)
      store->search.begin_window(store->seen, StreamSearch::Clock::now());
  }
  if (std::exchange(holder.lends_permission, false))
    --waiting_;
}

void StreamLimits::Stream::add(std::uint64_t bytes, StreamSearch::Clock::duration waited) {
  if (limits_ == nullptr)
    return;
  const std::lock_guard lock(limits_->mutex_);
  const int before = store_->search.streams();
  store_->seen.bytes += bytes;
  store_->seen.waited += waited;
  store_->seen.busy = 2 * store_->taken >= before;
  store_->seen.full = store_->taken >= before;
  store_->search.look(store_->seen, StreamSearch::Clock::now());
  if (store_->search.streams() > before) {
    limits_->given_back_.notify_all();
    limits_->admissible_.notify_all();
  }
}

StreamLimits::Stream StreamLimits::take(const std::string& place, const ShouldStop& should_stop) {
  std::unique_lock lock(mutex_);
  if (place.empty())
    return {};
  Store& store = store_at(place);
  const auto is_free = [&] { return store.taken < store.streams(); };
  if (!is_free()) {
    // While this thread waits, another image may be begun: it may be in another store.
    ++waiting_;
    admissible_.notify_one();
    const bool got_one = wait(lock, given_back_, should_stop, is_free);
    --waiting_;
    if (!got_one)
      return {};
  }
  // The time in which the store was not read says nothing about it.
  if (++store.taken == 1)
    store.search.begin_window(store.seen, StreamSearch::Clock::now());
  holders_[std::this_thread::get_id()].streams.push_back(&store);
  return {this, store};
}

}  // namespace backglance
