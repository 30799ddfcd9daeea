// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <thread>

#include "base/error.h"
#include "read/run_control.h"

namespace backglance {

// Repeats a write that failed because the database's disk is full, until it succeeds or the run
// must end (its leases are not renewed on a full disk either). Meanwhile the gate is closed and
// shows the reason.
template <typename Write>
auto with_space(RunControl& control, const Write& write) {
  constexpr const char* kFull = "disk_full";
  constexpr std::chrono::seconds kPause{1};
  bool is_shut = false;
  const auto open = [&] {
    if (is_shut)
      control.pause_gate().open(kFull);
  };
  for (;;) {
    try {
      auto written = write();
      open();
      return written;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::no_space || control.should_stop()) {
        open();
        throw;
      }
      is_shut = true;
      control.pause_gate().close(kFull, error.what());
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace backglance
