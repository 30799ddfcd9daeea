// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "read/run_control.h"
#include "sql/session.h"

namespace backglance {

// At the end of the queue: what is left of it, other runs hold. `free` once some of that may be
// claimed, because the run that held it is dead: its process on this host is gone, or it has shown
// no sign of life until its leases ended. `held` as soon as each of them has shown one since this
// was called (they beat every 10 s), or nobody holds anything. `stopped` if the run is to end
// before that is known. While it waits, `control` says for whom.
enum class Rest { free, held, stopped };
Rest outlive_dead_runs(Session& session, const std::string& run_id, RunControl& control);

}  // namespace backglance
