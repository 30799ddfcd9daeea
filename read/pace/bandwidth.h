// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace backglance {

// One limit on bytes per second for all workers of a process. Thread-safe.
//
// Each take() reserves its bytes after those reserved before, and waits until its turn begins.
// Turns are served in the order of the calls, so no thread starves. A chunk may have any size: a
// large one only delays the next turn.
class Bandwidth {
 public:
  // 0: unlimited.
  explicit Bandwidth(std::uint64_t bytes_per_second);

  // Waits until these bytes may be read. In any time t, at most rate * (t + 1/10 s) bytes and the
  // bytes of one call pass. Returns within 100 ms after a stop was requested (base/stop.h) or
  // `should_stop`, if given, returns true.
  void take(std::uint64_t bytes, const std::function<bool()>& should_stop = {});

 private:
  using Clock = std::chrono::steady_clock;

  const std::uint64_t bytes_per_second_;
  std::mutex mutex_;             // guards next_turn_
  Clock::time_point next_turn_;  // when all reserved bytes are used up
};

}  // namespace backglance
