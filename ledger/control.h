// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sql/session.h"

namespace backglance {

// What is said to all runs of the site: the row 'fleet' of backglance_control. Without the row
// nothing was ever said.
struct FleetState {
  bool paused = false;
  std::string by;          // user@host of who said it last; empty: nobody ever did
  std::int64_t since = 0;  // unix seconds of the database's clock
  std::string reason;      // of a pause, for people; empty: none was given

  // "paused by glance@controller since 2026-03-08 02:40:11 UTC: a disk is replaced"; empty if the
  // fleet is not paused. One line, safe to print.
  std::string text() const;
};
// Needs backglance_control.
FleetState read_fleet(Session& session);

// What a run is told each time that it looks.
struct Orders {
  FleetState fleet;
  bool stop = false;      // this run is to end
  bool given_up = false;  // another run took this one for dead, and has ended its row
  std::int64_t now = 0;   // unix seconds of the database's clock, which leases end by
};
Orders read_orders(Session& session, const std::string& run_id);

}  // namespace backglance
