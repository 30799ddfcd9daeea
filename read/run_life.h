// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ledger/heartbeat.h"
#include "read/read_context.h"

namespace backglance {

// Connects a reading run with its heartbeat: the heartbeat reports the counters of `context` and
// what the run waits for; a pause of the fleet closes the gate; lost leases end the run. `context`
// must live longer than the run.
RunLife life_of(ReadContext& context, std::optional<std::chrono::seconds> lease);

}  // namespace backglance
