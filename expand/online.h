// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/plan.h"

namespace backglance {

// expand on an engine whose schema statements run beside live writers (EngineFacts::online_ddl).
// Each statement is decided from the catalogue just before it runs, and waits for its lock only for
// a short time: while it waits, all later statements of other sessions wait behind it. Between two
// attempts, the writers have their turn.
ExpandPlan expand_online(Session& session, const ExpandOptions& options);
// Runs the plan of plan_revert in the same way.
ExpandPlan revert_online(Session& session, const ExpandOptions& options);

}  // namespace backglance
