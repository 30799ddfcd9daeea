// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace backglance {

// One limit on bytes per second, shared by all workers of a process. Thread-safe.
//
// Every take() books its bytes behind those booked before it and waits until its own turn begins,
// so turns are served in the order of the calls and nobody starves. A chunk of any size passes, it
// only pushes the next turn back by what it costs.
class Bandwidth {
 public:
  // 0: unlimited.
  explicit Bandwidth(std::uint64_t bytes_per_second);

  // Blocks until these bytes may be read. Over any time t at most rate * (t + 1/10 s) bytes and one
  // call's bytes pass. Returns at once, or within 100 ms, if a stop was requested (base/stop.h) or
  // `should_stop`, where given, says so.
  void take(std::uint64_t bytes, const std::function<bool()>& should_stop = {});

 private:
  using Clock = std::chrono::steady_clock;

  const std::uint64_t bytes_per_second_;
  std::mutex mutex_;             // guards next_turn_
  Clock::time_point next_turn_;  // when all that was booked has been paid for
};

}  // namespace backglance
