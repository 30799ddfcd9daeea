// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ledger/heartbeat.h"
#include "read/read_context.h"

namespace backglance {

// What a run that reads does beside it: its heartbeat tells the counters of `context` and what it
// waits for, a pause of the fleet shuts its gate, and lost leases end it. `context` outlives the
// run.
RunLife life_of(ReadContext& context, std::optional<std::chrono::seconds> lease);

}  // namespace backglance
