// SPDX-License-Identifier: Apache-2.0
#include "read/pace/stream_limit.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <thread>
#include <vector>

#include "store/store_kind.h"

using namespace backglance;
using namespace std::chrono_literals;

namespace {

using Clock = StreamSearch::Clock;

struct Use {
  bool busy = true;
  double waiting = 1;  // this part of the streams' time they wait for the store
};

// A store that gives so many bytes per second to so many streams.
template <typename Rate>
int streams_after(std::chrono::seconds time, int most, const Rate& rate, const Use& use = {}) {
  Clock::time_point now{};
  StreamSearch search({.first = 2, .most = most}, now);
  double bytes = 0;
  Clock::duration waited{};
  for (; now < Clock::time_point{} + time; now += 100ms) {
    bytes += rate(search.streams()) / 10;
    waited += std::chrono::duration_cast<Clock::duration>(100ms * search.streams() * use.waiting);
    search.look({static_cast<std::uint64_t>(bytes), waited, use.busy, use.busy}, now);
  }
  return search.streams();
}

}  // namespace

TEST_CASE("streams are doubled while the store gives more", "[streams]") {
  const auto array = [](int streams) { return 100e6 * std::min(streams, 8); };
  CHECK(streams_after(2s, 32, array) == 2);
  CHECK(streams_after(40s, 32, array) == 8);
  CHECK(streams_after(40s, 6, array) == 6);
  // What others ask of the store may have ended: it is tried again.
  int most_seen = 0;
  CHECK(streams_after(100s, 32, [&](int streams) {
          most_seen = std::max(most_seen, streams);
          return array(streams);
        }) == 8);
  CHECK(most_seen == 16);
}

TEST_CASE("a store that answers faster than the processor digests is soon asked for more",
          "[streams]") {
  const auto cores = [](int streams) { return 100e6 * std::min(streams, 16); };
  CHECK(streams_after(3s, 32, cores, {.waiting = 0.4}) == 16);
  CHECK(streams_after(3s, 32, cores, {.waiting = 0.9}) == 2);
}

TEST_CASE(
    "a store that answers at once gets enough streams to fill the lanes, and only while it does",
    "[streams]") {
  const auto memory = [](int) { return 1e9; };
  CHECK(streams_after(1s, 32, memory, {.waiting = 0.1}) == 32);

  Clock::time_point now{};
  StreamSearch search({.first = 2, .most = 32}, now);
  double bytes = 0;
  Clock::duration waited{};
  // Bytes and waiting of a disk that seeks; of what its cache holds, likewise.
  const auto read_for = [&](std::chrono::seconds time, bool from_cache) {
    for (const auto end = now + time; now < end; now += 20ms) {
      bytes += from_cache ? 20e6 : 4e6 / std::sqrt(search.streams());
      waited += 20ms * search.streams() * (from_cache ? 1 : 9) / 10;
      search.look({static_cast<std::uint64_t>(bytes), waited, true, true}, now);
    }
    return search.streams();
  };
  CHECK(read_for(1s, /*from_cache=*/true) == 32);
  CHECK(read_for(4s, /*from_cache=*/false) == 2);
  CHECK(read_for(20s, /*from_cache=*/false) == 2);
  // Not to and fro with each file that a cache holds.
  CHECK(read_for(1s, /*from_cache=*/true) <= 8);
  CHECK(read_for(100s, /*from_cache=*/true) == 32);
}

TEST_CASE("the rate of a store that is not the limit says nothing about the store", "[streams]") {
  Clock::time_point now{};
  StreamSearch search({.first = 2, .most = 32}, now);
  double bytes = 0;
  Clock::duration waited{};
  const auto read_for = [&](std::chrono::seconds time, double rate_of_one, double waiting) {
    for (const auto end = now + time; now < end; now += 100ms) {
      bytes += rate_of_one * search.streams() / 10;
      waited += std::chrono::duration_cast<Clock::duration>(100ms * search.streams() * waiting);
      search.look({static_cast<std::uint64_t>(bytes), waited, true, true}, now);
    }
    return search.streams();
  };
  CHECK(read_for(5s, 100e6, 0.4) == 32);
  CHECK(read_for(4s, 1e6, 0.9) == 2);
}

TEST_CASE("the time before a store is first read does not count as a fast answer", "[streams]") {
  StreamLimits limits({.places = {"/no/store"}, .cores = 1, .most = 100});
  const int few = limits.all_streams();
  std::this_thread::sleep_for(100ms);
  std::vector<StreamLimits::Stream> streams;
  for (int i = 0; i < few; ++i)
    streams.push_back(limits.take("/no/store", [] { return false; }));
  streams.front().add(1, 1ms);
  CHECK(limits.all_streams() == few);
}

TEST_CASE("a disk that seeks is read with few streams", "[streams]") {
  CHECK(streams_after(40s, 32, [](int streams) { return 200e6 / std::sqrt(streams); }) == 2);
}

TEST_CASE("a store that is not the limit keeps its streams", "[streams]") {
  CHECK(streams_after(40s, 32, [](int streams) { return 1e6 * streams; }, {.busy = false}) == 2);
}

TEST_CASE("each store gives out its own number of streams", "[streams]") {
  StreamLimits limits({.places = {"/somewhere", "/elsewhere"}, .most = 3, .fixed = true});
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 12; ++i)
    readers.emplace_back([&] {
      const auto stream = limits.take("/somewhere", [] { return false; });
      const int now = ++at_once;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::sleep_for(5ms);
      --at_once;
    });
  const auto other = limits.take("/elsewhere", [] { return false; });
  readers.clear();
  CHECK(most == 3);
  const auto one = limits.take("/somewhere", [] { return false; });
  const auto two = limits.take("/somewhere", [] { return false; });
  const auto three = limits.take("/somewhere", [] { return false; });
  // Ends although there is none.
  limits.take("/somewhere", [] { return true; });
  limits.take("", [] { return false; });
  limits.take("/no/store", [] { return false; });
}

TEST_CASE("the number of images started is that of the streams of all stores", "[streams]") {
  StreamLimits limits({.places = {"/dev/shm", "/no/store"}, .cores = 1, .most = 100});
  std::vector<StreamLimits::Admission> begun;
  for (int i = 0; i < 2 * StreamLimits::kFewOfCore; ++i)
    begun.push_back(limits.admit([] { return false; }));
  bool waited = false;
  limits.admit([&] { return std::exchange(waited, true); });
  CHECK(waited);
  begun.pop_back();
  waited = false;
  begun.push_back(limits.admit([&] { return waited = true; }));
  CHECK_FALSE(waited);
}

TEST_CASE("directories of one file system share its streams, unless each is given its own",
          "[streams]") {
  const std::vector<std::string> places = {"/dev/shm", "/dev/shm/.", "/no/store"};
  StreamLimits searched({.places = places, .cores = 1, .most = 100});
  CHECK(searched.all_streams() == 2 * StreamLimits::kFewOfCore);
  StreamLimits fixed({.places = places, .most = 3, .fixed = true});
  CHECK(fixed.all_streams() == 9);
  std::vector<StreamLimits::Stream> taken;
  for (int i = 0; i < StreamLimits::kFewOfCore; ++i)
    taken.push_back(searched.take(places[static_cast<std::size_t>(i % 2)], [] { return false; }));
  bool waited = false;
  searched.take("/dev/shm", [&] { return std::exchange(waited, true); });
  CHECK(waited);
}

TEST_CASE("a place that bears few streams gets no more, even if the operator asks for more",
          "[streams]") {
  const auto streams = [](bool fixed) {
    return StreamLimits({.places = {"a server"},
                         .cores = 4,
                         .most = 16,
                         .fixed = fixed,
                         .traits =
                             [](const std::string& place) {
                               return PlaceTraits{
                                   .shared = place, .most_streams = 1, .most_asked = 2};
                             }})
        .all_streams();
  };
  CHECK(streams(false) == 1);
  CHECK(streams(true) == 2);
}

TEST_CASE("an image that waits for a stream lets another one start", "[streams]") {
  StreamLimits limits({.places = {"/somewhere"}, .most = 1, .fixed = true});
  const auto never = [] { return false; };
  const auto first = limits.admit(never);
  CHECK_FALSE(first.is_one_too_many());
  auto stream = std::make_optional(limits.take("/somewhere", never));
  std::jthread waiting([&] { limits.take("/somewhere", never); });
  {
    // Of another store it can be read meanwhile.
    const auto second = limits.admit(never);
    stream.reset();
    waiting.join();
    CHECK(second.is_one_too_many());
  }
  CHECK_FALSE(first.is_one_too_many());
}

TEST_CASE("an image whose store makes it wait lets others use its permission and its stream",
          "[streams]") {
  StreamLimits limits({.places = {"/somewhere"}, .most = 1, .fixed = true});
  const auto never = [] { return false; };
  const auto at_once = [] { return true; };
  // Whether there is one now, for another thread.
  const auto has_free_stream = [&] {
    bool waited = false;
    std::jthread([&] { limits.take("/somewhere", [&] { return waited = true; }); }).join();
    return !waited;
  };
  const auto may_begin = [&] {
    bool waited = false;
    std::jthread([&] { limits.admit([&] { return waited = true; }); }).join();
    return !waited;
  };
  {
    const auto image = limits.admit(never);
    const auto stream = limits.take("/somewhere", never);
    CHECK_FALSE(may_begin());
    CHECK_FALSE(has_free_stream());
    // A store that is overloaded wants fewer requests.
    limits.begin_wait(StreamLimits::Keep::stream);
    CHECK(may_begin());
    CHECK_FALSE(has_free_stream());
    limits.end_wait(never);
    CHECK_FALSE(may_begin());
    limits.begin_wait(StreamLimits::Keep::nothing);
    CHECK(may_begin());
    CHECK(has_free_stream());
    limits.end_wait(never);
    CHECK_FALSE(may_begin());
    CHECK_FALSE(has_free_stream());
    // Another one has the stream: it is waited for.
    limits.begin_wait(StreamLimits::Keep::nothing);
    std::atomic<bool> is_taken = false;
    std::atomic<bool> has_waited = false;
    std::jthread other([&] {
      const auto others = limits.take("/somewhere", never);
      is_taken = true;
      while (!has_waited)
        std::this_thread::sleep_for(1ms);
    });
    while (!is_taken)
      std::this_thread::sleep_for(1ms);
    limits.end_wait([&] {
      has_waited = true;
      return false;
    });
    other.join();
    CHECK_FALSE(has_free_stream());
    // A run that must end waits for nothing, and gives everything back.
    limits.begin_wait(StreamLimits::Keep::nothing);
    limits.end_wait(at_once);
  }
  CHECK(may_begin());
  CHECK(has_free_stream());
  // A thread that has nothing: a dry run, a sweep.
  limits.begin_wait(StreamLimits::Keep::nothing);
  limits.end_wait(never);
  CHECK(may_begin());
}

TEST_CASE("a directory in memory does not seek, and a missing one is not asked", "[streams]") {
  CHECK(store_kind("/dev/shm") == StoreKind::solid);
  CHECK(store_kind("/no/such/directory") == StoreKind::solid);
}
