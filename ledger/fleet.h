// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/control.h"
#include "ledger/runs.h"

namespace backglance {

// Orders from a person to all runs of the site, on all hosts. Each run looks for orders every 2 s
// (ledger/heartbeat.h). All functions require the ledger. tell_fleet() works in one transaction
// under the lock of runs, so no run begins unseen meanwhile: a run that is not in `reached` began
// later.

enum class FleetWish {
  pause,  // runs that read images wait until a resume, also those that begin later
  resume,
  stop,  // runs that are alive now end; runs that begin later are not affected
};

struct FleetChange {
  bool changed = false;  // false: the same order was in force already
  FleetState fleet;      // after the order
  FleetState before;
  std::vector<LiveRun> reached;
  std::vector<LiveRun> others;  // alive, but a pause does not make them wait
};

// `reason` belongs to a pause; empty: none. A pause of a paused fleet changes nothing, except to
// store a different reason. Safe to run again. Throws what a Session throws.
FleetChange tell_fleet(Session& session, FleetWish wish, const std::string& reason = {});

// Returns what tell_fleet() would do. A read-only session is enough.
FleetChange plan_fleet(Session& session, FleetWish wish, const std::string& reason = {});

}  // namespace backglance
