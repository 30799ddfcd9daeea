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

// Whether a run goes on, waits or ends, and what it says meanwhile. Any thread.
class RunControl {
 public:
  // `pace` says when --max-runtime is over, and outlives this.
  explicit RunControl(const ReadPace& pace) : pace_(pace) {}

  // True once the run is to end: a signal, a stop of the fleet, the end of --max-runtime, or
  // has_lost_leases().
  bool should_stop() const;
  // Why, once it is true. A wish counts for more than the end of the time.
  RunEnd why_stopped() const;

  // The run's leases are lost: what it read could not be published.
  void abandon() { abandoned_.store(true); }
  // The leases are good until then, if this is not called again.
  void read_until(BootClock::time_point end) { end_of_leases_.store(end); }
  // They were lost: abandon() was called, or that moment has passed. Each reader sees the latter by
  // itself: of a host that was suspended the heartbeat may be the last to wake, or hang.
  bool has_lost_leases() const;

  // Waits while the run is paused, and says whether it is to go on then: false once should_stop().
  // To be asked before each image and each chunk.
  bool may_go_on();
  PauseGate& pause_gate() { return pause_gate_; }
  const PauseGate& pause_gate() const { return pause_gate_; }
  // What the run waits for now, on one line; empty while it does not wait.
  std::string waiting_for() const { return pause_gate_.waiting_for(); }
  // Called by each thread that begins to wait in may_go_on(), so that what was read is published
  // before a wait of hours. Set while no thread is in there; empty: nothing.
  void before_waiting(std::function<void()> settle) { before_waiting_ = std::move(settle); }

  // What a person should know now, on one line. Set while no other thread is in here.
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
