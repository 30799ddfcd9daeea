// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "base/stop.h"
#include "read/pace/bandwidth.h"

using namespace backglance;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

TEST_CASE("the sum over all threads holds to the rate and no thread starves") {
  constexpr std::uint64_t kRate = 50 << 20;
  constexpr std::uint64_t kChunk = 64 << 10;
  constexpr std::size_t kThreads = 4;
  Bandwidth bandwidth(kRate);
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + 2s;
  std::vector<std::uint64_t> taken(kThreads, 0);
  std::vector<std::thread> threads;
  for (std::uint64_t& bytes : taken)
    threads.emplace_back([&bandwidth, &bytes, end] {
      while (Clock::now() < end) {
        bandwidth.take(kChunk);
        bytes += kChunk;
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  const double allowed = static_cast<double>(kRate) * seconds_since(start);

  std::uint64_t sum = 0;
  for (const std::uint64_t bytes : taken)
    sum += bytes;
  CHECK(static_cast<double>(sum) < 1.05 * allowed);
  CHECK(static_cast<double>(sum) > 0.8 * allowed);
  // Nobody is kept out. A busy machine gives its threads unequal shares by itself.
  for (const std::uint64_t bytes : taken)
    CHECK(static_cast<double>(bytes) > 0.3 * static_cast<double>(sum) / kThreads);
}

TEST_CASE("a chunk larger than the bytes of a second passes, and the next one waits for it") {
  Bandwidth bandwidth(1 << 20);
  const Clock::time_point start = Clock::now();
  bandwidth.take(1 << 19);
  bandwidth.take(1 << 20);
  CHECK(seconds_since(start) > 0.35);
  bandwidth.take(1);
  CHECK(seconds_since(start) > 1.35);
  CHECK(seconds_since(start) < 2.5);
}

TEST_CASE("unused time is credited for at most a tenth of a second") {
  Bandwidth bandwidth(10 << 20);
  std::this_thread::sleep_for(600ms);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < 5; ++i)
    bandwidth.take(1 << 20);
  // Five tenths of a second's bytes: one is the burst, and the last is paid for by whoever comes
  // next.
  CHECK(seconds_since(start) > 0.25);
}

TEST_CASE("no limit means no wait") {
  Bandwidth bandwidth(0);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < 1000; ++i)
    bandwidth.take(1ULL << 40);
  CHECK(seconds_since(start) < 1);
}

TEST_CASE("a request to stop ends the wait") {
  Bandwidth bandwidth(1);
  bandwidth.take(UINT64_MAX);  // books more than a year
  std::thread stopper([] {
    std::this_thread::sleep_for(300ms);
    request_stop();
  });
  const Clock::time_point start = Clock::now();
  bandwidth.take(1);
  const double waited = seconds_since(start);
  stopper.join();
  reset_stop();
  CHECK(waited > 0.25);
  CHECK(waited < 2);
}
