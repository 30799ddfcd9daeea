// SPDX-License-Identifier: Apache-2.0
#include "read/run_control.h"

#include "base/stop.h"

namespace backglance {

RunEnd RunControl::why_stopped() const {
  if (stop_wish() == StopWish::fleet)
    return RunEnd::stopped;
  return !stop_requested() && pace_.out_of_time() ? RunEnd::out_of_time : RunEnd::interrupted;
}

bool RunControl::should_stop() const {
  return stop_requested() || has_lost_leases() || pace_.out_of_time();
}

bool RunControl::has_lost_leases() const {
  return abandoned_.load(std::memory_order_relaxed) ||
         BootClock::now() > end_of_leases_.load(std::memory_order_relaxed);
}

bool RunControl::may_go_on() {
  // The usual case is one atomic load; the lock is only taken for a wait.
  if (pause_gate_.is_closed() && !should_stop()) {
    if (before_waiting_)
      before_waiting_();
    pause_gate_.wait([this] { return should_stop(); });
  }
  return !should_stop();
}

}  // namespace backglance
