// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <ctime>

namespace backglance {

// Time since boot, including the time for which the machine was suspended (CLOCK_BOOTTIME,
// clock_gettime(2)). The clocks of other hosts continue during a suspend, so leases must be
// measured with this clock; steady_clock stops then. Use it for differences only.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  // The standard's name for it ([time.clock.req]).
  static constexpr bool is_steady = true;  // NOLINT(readability-identifier-naming)

  static time_point now() {
    std::timespec time = {};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};

}  // namespace backglance
