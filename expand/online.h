// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/plan.h"

namespace backglance {

// expand on an engine whose schema statements run beside live writers (EngineFacts::online_ddl).
// Each statement runs by itself, is decided from the catalogue just before, and waits for its lock
// for a moment at a time: while it waits, everything that comes later waits behind it. Between two
// attempts the writers have their turn.
ExpandPlan expand_online(Session& session, const ExpandOptions& options);
// Likewise what plan_revert says.
ExpandPlan revert_online(Session& session, const ExpandOptions& options);

}  // namespace backglance
