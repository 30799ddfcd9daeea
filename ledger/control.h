// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sql/session.h"

namespace backglance {

// The order that holds for all runs of the site: the row 'fleet' of backglance_control. If there is
// no row, no order was ever given.
struct FleetState {
  bool paused = false;
  std::string by;          // user@host of the last order; empty if there was none
  std::int64_t since = 0;  // unix seconds of the database's clock
  std::string reason;      // of a pause, for people; empty if none was given

  // "paused by glance@controller since 2026-03-08 02:40:11 UTC: a disk is replaced"; empty if the
  // fleet is not paused. One line, safe to print.
  std::string text() const;
};
// Requires the table backglance_control.
FleetState read_fleet(Session& session);

// The orders that a run reads at each look.
struct Orders {
  FleetState fleet;
  bool stop = false;      // a person has ordered this run to end
  bool given_up = false;  // another run declared this one dead and ended its row
  std::int64_t now = 0;   // unix seconds of the database's clock, by which leases end
};
Orders read_orders(Session& session, const std::string& run_id);

}  // namespace backglance
