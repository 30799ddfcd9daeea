// SPDX-License-Identifier: Apache-2.0
#include "read/run_life.h"

namespace backglance {

RunLife life_of(ReadContext& context, std::optional<std::chrono::seconds> lease) {
  constexpr const char* kPause = "pause";
  RunLife life;
  life.figures = [&context] {
    const ReadCounters& counters = context.counters;
    return RunFigures{static_cast<std::int64_t>(counters.images_settled.load()),
                      static_cast<std::int64_t>(counters.bytes_read.load()),
                      context.control.waiting_for()};
  };
  life.lease = lease;
  life.held = [&context] { return context.held.ids(); };
  life.renewed = [&context](BootClock::time_point until) { context.control.read_until(until); };
  life.obey = [&context](const FleetState& fleet) {
    if (fleet.paused)
      context.control.pause_gate().close(kPause, fleet.text());
    else
      context.control.pause_gate().open(kPause);
  };
  // Every reader sees this at its next chunk and stops.
  life.lost = [&context] { context.control.abandon(); };
  return life;
}

}  // namespace backglance
