// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/control.h"
#include "ledger/runs.h"

namespace backglance {

// What a person says to all runs of the site, wherever they are. Each run looks every 2 s
// (sql/heartbeat.h). All of it needs the ledger, and is one transaction under the lock of runs, so
// that no run begins unseen meanwhile: one that is not in `reached` began later.

enum class FleetWish {
  pause,  // runs that read images wait, those that begin later too, until a resume
  resume,
  stop,  // the runs that are alive now end; those that begin later are not held
};

struct FleetChange {
  bool changed = false;  // false: it had been said before
  FleetState fleet;      // after it
  FleetState before;
  std::vector<LiveRun> reached;
  std::vector<LiveRun> others;  // alive, and not held up by a pause
};

// `reason` is of a pause; empty: none. A pause of a fleet that is paused changes nothing, but for a
// reason that is another one. Safe to run again. Throws what a Session throws.
FleetChange tell_fleet(Session& session, FleetWish wish, const std::string& reason = {});

// What tell_fleet() would do, from a session that only reads.
FleetChange plan_fleet(Session& session, FleetWish wish, const std::string& reason = {});

}  // namespace backglance
