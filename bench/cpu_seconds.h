// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace backglance {

// Of this process, in its own code and in the kernel for it, on all cores.
inline double cpu_seconds() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace backglance
