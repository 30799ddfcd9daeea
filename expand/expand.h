// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/plan.h"
#include "sql/session.h"

namespace backglance {

// Carries the plan out. On SQLite step by step, each decided anew under the write lock and one
// transaction; on servers statement by statement (expand/online.h), after builds have ended.
// Returns what was done. Killed anywhere, the next call completes; a call on a finished schema does
// nothing. Throws as plan_expand does, Error{locked} if another run is at work, and
// Error{interrupted} between steps.
ExpandPlan expand(Session& session, const ExpandOptions& options = {});

// On SQLite one transaction; on servers statement by statement as expand, and one that was killed
// is gone on with by the next.
ExpandPlan revert_expand(Session& session, const ExpandOptions& options = {});

}  // namespace backglance
