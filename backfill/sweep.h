// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "sql/session.h"

namespace backglance {

// The sweep of backfill.h, within a run. Adds the number of `restored` images to `result`. False if
// a signal or a reason to wait ended it between two pages.
bool sweep_erased(Session& session, ReadContext& context, const OnResult& on_result,
                  ReadResult& result);

}  // namespace backglance
