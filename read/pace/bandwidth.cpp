// SPDX-License-Identifier: Apache-2.0
#include "read/pace/bandwidth.h"

#include <algorithm>

#include "base/stop.h"

namespace backglance {
namespace {

using namespace std::chrono_literals;

// How much time workers may catch up that fell behind (a slow disk, a sleep that took too long).
// Long enough for the clock tick of any kernel, short enough that the sum of a second is right
// within some percent.
constexpr auto kBurst = 100ms;

// Keeps the sum of absurd requests (1 TiB at 1 B/s) inside the clock's range.
constexpr double kLongestTurnSeconds = 1e8;

}  // namespace

Bandwidth::Bandwidth(std::uint64_t bytes_per_second)
    : bytes_per_second_(bytes_per_second), next_turn_(Clock::now()) {}

void Bandwidth::take(std::uint64_t bytes, const std::function<bool()>& should_stop) {
  if (bytes_per_second_ == 0)
    return;
  const std::chrono::duration<double> cost(std::min(
      static_cast<double>(bytes) / static_cast<double>(bytes_per_second_), kLongestTurnSeconds));
  Clock::time_point turn;
  {
    const std::lock_guard lock(mutex_);
    turn = std::max(next_turn_, Clock::now() - kBurst);
    next_turn_ = turn + std::chrono::duration_cast<Clock::duration>(cost);
  }
  // Outside the lock: others must be able to reserve while this thread sleeps.
  sleep_unless([&] { return stop_requested() || (should_stop && should_stop()); },
               turn - Clock::now());
}

}  // namespace backglance
