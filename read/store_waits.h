// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "read/run_control.h"
#include "read/streams.h"
#include "store/store_settings.h"

namespace backglance {

// What happens when a store makes the run wait: a person is told, once a minute for each place, a
// store that is overloaded gets fewer streams, and images of other stores may begin meanwhile.
// Thread-safe.
class StoreWaits {
 public:
  // Both must live longer than this.
  StoreWaits(RunControl& control, Streams& streams) : control_(control), streams_(streams) {}

  // Before and after a wait, by the thread that waits.
  void begin(const StoreWait& wait);
  void end(const StoreWait& wait);

 private:
  void tell(const StoreWait& wait);

  using Clock = std::chrono::steady_clock;
  struct Place {
    Clock::time_point first_wait;  // of those that were close together
    Clock::time_point last_wait;
    Clock::time_point told;
  };

  RunControl& control_;
  Streams& streams_;
  std::mutex mutex_;
  std::map<std::string, Place> places_;
};

}  // namespace backglance
