#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace backglance {

// How many streams a store is read with: begins with few, and doubles them while that adds
// throughput; where it does not, goes back. Bytes and times in, a number out; no thread, no clock.
class StreamSearch {
 public:
  using Clock = std::chrono::steady_clock;

  // 1 <= first <= most.
  StreamSearch(int first, int most, Clock::time_point now);

  int streams() const { return streams_; }

  // `bytes` have been read since the beginning, and `all_busy`: since the last call no stream had
  // to wait for work, so that the store alone was the limit. To be called often.
  void look(std::uint64_t bytes, bool all_busy, Clock::time_point now);

 private:
  // Long enough for the first bytes of new streams, and for a disk's cache to be of no account.
  static constexpr std::chrono::seconds kWindow{3};
  // Less than this is no gain but noise.
  static constexpr double kGain = 1.1;
  // Then it is tried again: what else the store is asked for may have ended.
  static constexpr std::chrono::seconds kRest{60};

  void begin_window(std::uint64_t bytes, Clock::time_point now);

  int streams_;
  int most_;
  int before_ = 0;          // the number that worked, while a larger one is tried; else 0
  double rate_before_ = 0;  // bytes per second with it
  Clock::time_point resting_until_;
  Clock::time_point window_began_;
  std::uint64_t window_bytes_ = 0;
  bool window_busy_ = true;
};

// Gives out the streams of each store. Any thread.
class StreamLimits {
 public:
  // At most `most` for each store. `fixed`: exactly those; else those of a store that seeks or is
  // remote (store/store_kind.h) are searched for, from kFew on.
  StreamLimits(int most, bool fixed) : most_(most), fixed_(fixed) {}

  static constexpr int kFew = 2;

  // A stream of the store at that place; waits for one, or until `should_stop`. For an empty place
  // there is no limit.
  class Stream {
   public:
    Stream() = default;
    Stream(StreamLimits* limits, std::string place) : limits_(limits), place_(std::move(place)) {}
    Stream(Stream&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), place_(std::move(other.place_)) {}
    Stream& operator=(Stream&&) = delete;
    ~Stream();
    // Counts what was read with it.
    void add(std::uint64_t bytes);

   private:
    StreamLimits* limits_ = nullptr;
    std::string place_;
  };
  Stream take(const std::string& place, const std::function<bool()>& should_stop);

 private:
  struct Store {
    Store(int first, int most, bool searched)
        : is_searched(searched), search(first, most, StreamSearch::Clock::now()) {}
    bool is_searched;
    StreamSearch search;
    int taken = 0;
    std::uint64_t bytes = 0;
  };

  Store& store_at(const std::string& place);

  int most_;
  bool fixed_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::map<std::string, Store> stores_;
};

}  // namespace backglance
