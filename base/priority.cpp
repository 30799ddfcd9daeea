// SPDX-License-Identifier: Apache-2.0
#include "base/priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace backglance {

void give_way() {
  thread_local bool given = false;
  if (std::exchange(given, true))
    return;
  // linux/ioprio.h, which the C library does not wrap.
  constexpr int kOfProcess = 1;
  constexpr int kIdle = 3 << 13;
  // Both are wishes: a host that refuses them reads all the same.
  [[maybe_unused]] const int nice_refused = setpriority(PRIO_PROCESS, 0, 19);
  [[maybe_unused]] const long io_refused = syscall(SYS_ioprio_set, kOfProcess, 0, kIdle);
}

}  // namespace backglance
