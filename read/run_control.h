// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "base/boot_clock.h"
#include "read/pace/pause_gate.h"
#include "read/pace/read_pace.h"
#include "read/read_result.h"

namespace backglance {

// Decides whether a run continues, waits or ends, and passes on its warnings. Thread-safe.
class RunControl {
 public:
  // `pace` knows when --max-runtime is over; it must live longer than this.
  explicit RunControl(const ReadPace& pace) : pace_(pace) {}

  // True once the run must end: after a signal, an order to stop, the end of --max-runtime, or the
  // loss of its leases.
  bool should_stop() const;
  // The reason, once should_stop() is true. A signal or an order counts before the end of the time.
  RunEnd why_stopped() const;

  // Call it when results can no longer be recorded, as when the run's leases are lost.
  void abandon() { abandoned_.store(true); }
  // The leases are valid until `end`, unless this is called again.
  void read_until(BootClock::time_point end) { end_of_leases_.store(end); }
  // True after abandon(), or after the end of read_until(). Each reader checks the time itself:
  // after this host was suspended, the heartbeat's thread may be the last to wake, or hang.
  bool has_lost_leases() const;

  // Waits while the run is paused. False if the run must end. Call it before each image and each
  // chunk.
  bool may_go_on();
  PauseGate& pause_gate() { return pause_gate_; }
  const PauseGate& pause_gate() const { return pause_gate_; }
  // What the run waits for now, in one line; empty if it does not wait.
  std::string waiting_for() const { return pause_gate_.waiting_for(); }
  // `settle` is called by each thread that begins to wait in may_go_on(), so that results are
  // published before a wait of hours. Set it while no thread is in there; empty: nothing is called.
  void before_waiting(std::function<void()> settle) { before_waiting_ = std::move(settle); }

  // `warn` gets one line that a person should see now. Set it while no other thread uses this
  // object.
  void warn_by(std::function<void(const std::string&)> warn) { warn_ = std::move(warn); }
  void warn(const std::string& text) const {
    if (warn_)
      warn_(text);
  }

 private:
  const ReadPace& pace_;
  PauseGate pause_gate_;
  std::function<void()> before_waiting_;
  std::function<void(const std::string&)> warn_;
  std::atomic<bool> abandoned_{false};
  std::atomic<BootClock::time_point> end_of_leases_{BootClock::time_point::max()};
};

}  // namespace backglance
