#pragma once

#include "backfill/backfill.h"
#include "sql/session.h"

namespace backglance {

// The sweep of backfill.h, within a run: adds `restored` images to `result`.
void sweep_erased(Session& session, ReadContext& context, const OnResult& on_result,
                  ReadResult& result);

}  // namespace backglance
