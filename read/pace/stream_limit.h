// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace backglance {

// How many streams a store is read with: begins with few, and doubles them while that adds
// throughput; where it does not, goes back. A store that keeps its readers waiting is watched for
// longer before it is asked for more. One that answers far faster than the processor digests, out
// of a cache most likely, is given what fills the lanes at once; what it was given so it loses when
// it no longer does, as the images end that are read with it. Bytes and times in, a number out; no
// thread, no clock.
class StreamSearch {
 public:
  using Clock = std::chrono::steady_clock;

  struct Terms {
    int first = 1;  // 1 to `most`
    int most = 1;
  };
  StreamSearch(const Terms& terms, Clock::time_point now);

  int streams() const { return streams_; }

  struct Seen {
    std::uint64_t bytes = 0;  // read since the beginning
    // How long the streams, each of them, have waited since then: for the store, or for a limit.
    Clock::duration waited{};
    // Most of the streams are in use, so that the number of them may be what limits.
    bool busy = false;
    bool full = false;  // all of them
  };
  // To be called often.
  void look(const Seen& seen, Clock::time_point now);
  // What went before says nothing: at each look that decided, and when a stream is in use again
  // after none was.
  void begin_window(const Seen& seen, Clock::time_point now);

 private:
  // Less than this is no gain but noise.
  static constexpr double kGain = 1.1;
  // Then it is tried again: what else the store is asked for may have ended.
  static constexpr std::chrono::seconds kRest{60};

  // Long enough for the first bytes of new streams, and for a disk's cache to be of no account.
  static constexpr std::chrono::seconds kWindow{3};
  // Half of the time the streams waited for somebody else: its rate shows soon.
  static constexpr std::chrono::milliseconds kQuickWindow{500};
  // They hardly ever waited for the store, so that it is not what limits.
  static constexpr std::chrono::milliseconds kGlimpse{50};

  void give_more() { streams_ = std::min(2 * streams_, terms_.most); }

  Terms terms_;
  int streams_;
  int proven_;  // of them, while the store was what limits; with so many it began
  Clock::time_point no_glimpse_before_;
  int before_ = 0;          // the number that worked, while a larger one is tried; else 0
  double rate_before_ = 0;  // bytes per second with it
  Clock::time_point resting_until_;
  Clock::time_point window_began_;
  Seen window_;  // what had been seen when it began, and whether it has been busy ever since
};

// Gives out the streams of each store. Any thread.
class StreamLimits {
  struct Store;

 public:
  struct Terms {
    std::vector<std::string> places = {};  // of the stores
    int cores = 1;                         // that digest
    int most = 1;                          // of each store
    bool fixed = false;                    // always `most`, of each place; else searched for, and
                                           // places that share a file system are one store
  };
  // A store that seeks or is remote (store/store_kind.h) begins with kFew streams, another with
  // kFewOfCore for each core: enough for lanes to pay, and not all that a site has, of which other
  // hosts want some.
  explicit StreamLimits(const Terms& terms);

  static constexpr int kFew = 2;
  static constexpr int kFewOfCore = 4;

  using ShouldStop = std::function<bool()>;

  // Leave to begin with an image of whichever store: as many are out as all stores have streams,
  // and one more for each that waits in take().
  // Waits for one, or until `should_stop`.
  class Admission {
   public:
    Admission() = default;
    explicit Admission(StreamLimits* limits) : limits_(limits) {}
    Admission(Admission&& other) noexcept : limits_(std::exchange(other.limits_, nullptr)) {}
    Admission& operator=(Admission&&) = delete;
    ~Admission();
    // To be asked between two images by who begins another one with it.
    bool is_one_too_many() const;

   private:
    StreamLimits* limits_ = nullptr;
  };
  Admission admit(const ShouldStop& should_stop);

  // Of all stores together, as they are now.
  int all_streams();

  // A stream of the store at that place; waits likewise. For a place that is none of the stores'
  // there is no limit.
  class Stream {
   public:
    Stream() = default;
    Stream(StreamLimits* limits, Store& store) : limits_(limits), store_(&store) {}
    Stream(Stream&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), store_(other.store_) {}
    Stream& operator=(Stream&&) = delete;
    ~Stream();
    // Counts what was read with it, and how long that took.
    void add(std::uint64_t bytes, StreamSearch::Clock::duration waited);

   private:
    StreamLimits* limits_ = nullptr;
    Store* store_ = nullptr;
  };
  Stream take(const std::string& place, const ShouldStop& should_stop);

 private:
  struct Store {
    StreamSearch search;
    int taken = 0;
    StreamSearch::Seen seen = {};
  };

  int streams_of_all() const;
  // Until is_free(), asked at each change and now and then; false: should_stop() came first.
  template <typename Free>
  static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                   const ShouldStop& should_stop, const Free& is_free);

  std::mutex mutex_;
  std::condition_variable given_back_;  // a stream, or there are more
  std::condition_variable admissible_;
  std::map<std::string, Store> stores_;     // by what their places share
  std::map<std::string, Store*> store_at_;  // by place
  int admitted_ = 0;
  int waiting_ = 0;  // of those, in take()
};

}  // namespace backglance
