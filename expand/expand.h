// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/plan.h"
#include "sql/session.h"

namespace backglance {

// Runs the plan. On SQLite it runs step by step: each step is one transaction and is decided anew
// under the write lock. On servers it runs statement by statement (expand/online.h), and first
// waits until index builds of other sessions have ended.
//
// Returns the statements that ran. Killed at any point, the next call completes the work; on a
// finished schema it does nothing. Throws what plan_expand throws, Error{locked} if another run is
// at work, and Error{interrupted} between steps.
ExpandPlan expand(Session& session, const ExpandOptions& options = {});

// Takes back what plan_revert returns: on SQLite in one transaction, on servers statement by
// statement. After a kill, the next call continues. Throws what plan_revert throws, Error{locked},
// and Error{interrupted} on servers.
ExpandPlan revert_expand(Session& session, const ExpandOptions& options = {});

}  // namespace backglance
