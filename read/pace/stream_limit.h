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
#include <thread>
#include <utility>
#include <vector>

#include "store/store_kind.h"

namespace backglance {

// Searches for the best number of streams of one store. It begins with few and doubles them while
// that adds throughput; if it does not, it goes back. If the streams wait for the store most of the
// time, it measures longer before it tries more.
//
// A store that answers much faster than the cores digest (most likely from a cache) gets more
// streams at once, up to the number that fills the lanes. When it becomes slower, it loses these
// streams again, as their images end. The class computes a number from bytes and times; it has no
// thread and no clock. One thread at a time.
class StreamSearch {
 public:
  using Clock = std::chrono::steady_clock;

  struct Terms {
    int first = 1;  // the number to begin with, 1 to `most`
    int most = 1;
  };
  StreamSearch(const Terms& terms, Clock::time_point now);

  int streams() const { return streams_; }

  struct Seen {
    std::uint64_t bytes = 0;  // read so far, by all streams
    // The sum of the times that all streams have waited so far, for the store or for a limit.
    Clock::duration waited{};
    // At least half of the streams are in use, so their number may be the limit.
    bool busy = false;
    bool full = false;  // all streams are in use
  };
  // Call it often, at least several times a second.
  void look(const Seen& seen, Clock::time_point now);
  // Begins a new measurement. Called at each look that decided, and when a stream is taken after
  // none was in use.
  void begin_window(const Seen& seen, Clock::time_point now);

 private:
  // A smaller gain is noise.
  static constexpr double kGain = 1.1;
  // After this time a larger number is tried again, because other programs may use the store less.
  static constexpr std::chrono::seconds kRest{60};

  // Length of a measurement. Long enough for the first bytes of new streams, and to make a disk's
  // cache unimportant.
  static constexpr std::chrono::seconds kWindow{3};
  // If the streams waited for the store less than half of the time, this is enough.
  static constexpr std::chrono::milliseconds kQuickWindow{500};
  // If they waited less than a quarter of the time, the store is not the limit, and this is enough.
  static constexpr std::chrono::milliseconds kGlimpse{50};

  void give_more() { streams_ = std::min(2 * streams_, terms_.most); }

  Terms terms_;
  int streams_;
  // The last number that paid off while the store was the limit; at first, the first number.
  int proven_;
  Clock::time_point no_glimpse_before_;
  int before_ = 0;          // the number before, while a larger one is tried; otherwise 0
  double rate_before_ = 0;  // bytes per second with `before_` streams
  Clock::time_point resting_until_;
  Clock::time_point window_began_;
  Seen window_;  // the figures when the window began; `busy`: has been busy ever since
};

// Gives out the streams of each store. Thread-safe.
class StreamLimits {
  struct Store;

 public:
  struct Terms {
    std::vector<std::string> places = {};  // of the stores, as far as they are known before
    int cores = 1;                         // cores that digest
    int most = 1;                          // the most streams of each store
    // True: always `most` streams, for each place. False: the number is searched for, and places on
    // the same disk or server count as one store.
    bool fixed = false;
    // Asked once for each place.
    std::function<PlaceTraits(const std::string& place)> traits = directory_traits;
  };
  // A store on a rotating disk or on the network (store/store_kind.h) begins with kFew streams, any
  // other with kFewOfCore for each core: enough to make lanes useful, but not all of the store's
  // throughput, because other hosts want some.
  explicit StreamLimits(Terms terms);

  static constexpr int kFew = 2;
  static constexpr int kFewOfCore = 4;

  using ShouldStop = std::function<bool()>;

  // Permission to begin an image of any store. There are as many as all stores have streams, and
  // one more for each thread that waits in take(), or between begin_wait() and end_wait().
  class Admission {
   public:
    Admission() = default;
    explicit Admission(StreamLimits* limits) : limits_(limits) {}
    Admission(Admission&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), thread_(other.thread_) {}
    Admission& operator=(Admission&&) = delete;
    ~Admission();
    // Check it between two images. True: give this permission back before the next image.
    bool is_one_too_many() const;

   private:
    StreamLimits* limits_ = nullptr;
    std::thread::id thread_ = std::this_thread::get_id();
  };
  // Waits for a permission; empty if `should_stop` becomes true first.
  Admission admit(const ShouldStop& should_stop);

  // The number of streams of all stores together, now.
  int all_streams();

  // The store asks for fewer requests: it gets half of its streams for a minute.
  void overloaded(const std::string& place);

  // One stream of the store at a place; take() waits for it, or until `should_stop` becomes true. A
  // place that is not in `places` is one more, from its first image on; "" has no limit.
  class Stream {
   public:
    Stream() = default;
    Stream(StreamLimits* limits, Store& store) : limits_(limits), store_(&store) {}
    Stream(Stream&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          store_(other.store_),
          thread_(other.thread_) {}
    Stream& operator=(Stream&&) = delete;
    ~Stream();
    // Adds bytes that were read with this stream, and how long it waited for them.
    void add(std::uint64_t bytes, StreamSearch::Clock::duration waited);

   private:
    StreamLimits* limits_ = nullptr;
    Store* store_ = nullptr;
    std::thread::id thread_ = std::this_thread::get_id();
  };
  Stream take(const std::string& place, const ShouldStop& should_stop);

  // A store makes this thread wait. Until end_wait(), its permission is another one's, and with
  // Keep::nothing its stream too: images of other stores must not stand behind one that is down.
  // end_wait() waits until the store has a stream for this thread again, or until `should_stop`
  // becomes true. Nothing happens for a thread that has neither. A Stream stays with the thread
  // that took it.
  enum class Keep { nothing, stream };
  void begin_wait(Keep keep);
  void end_wait(const ShouldStop& should_stop);

 private:
  // Half of the streams after overloaded().
  static constexpr std::chrono::seconds kRelief{60};
  struct Store {
    StreamSearch search;
    int taken = 0;
    StreamSearch::Seen seen = {};
    int at_most = 0;  // until `relieved_until`
    StreamSearch::Clock::time_point relieved_until = {};

    int streams() const;
  };

  int streams_of_all() const;
  Store& store_at(const std::string& place);
  // Waits until is_free() is true; it is checked at each change and every 200 ms. False if
  // should_stop() became true first.
  template <typename Free>
  static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                   const ShouldStop& should_stop, const Free& is_free);

  Terms terms_;
  std::mutex mutex_;
  std::condition_variable given_back_;  // a stream was given back, or a store has more
  std::condition_variable admissible_;
  std::map<std::string, Store> stores_;  // by the name of their disk or server (shared_storage())
  std::map<std::string, Store*> store_at_;  // by place
  int admitted_ = 0;
  int waiting_ = 0;  // how many of `admitted_` wait in take() or since begin_wait()

  // What a thread has, and what of it others may use while it waits.
  struct Holder {
    int permissions = 0;
    std::vector<Store*> streams = {};
    bool lends_permission = false;
    Store* lent = nullptr;  // the store of the stream
  };
  void forget_if_empty(std::thread::id thread);
  std::map<std::thread::id, Holder> holders_;
};

}  // namespace backglance
