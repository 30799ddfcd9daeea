// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "read/claim_stage.h"
#include "read/settle_stage.h"

namespace backglance {

// Reads images until `claim` has no more: each goes through claim, `read` (by several threads at
// once, which reads and judges it) and settle. A stage that fails ends the reads under way too, for
// what they read could not be recorded, and its exception comes out here. `settle` records what
// waits before any thread waits for the end of a pause. settle.finish() is the caller's.
void run_stages(ReadContext& context, const ReadOptions& options, ClaimStage& claim,
                SettleStage& settle, const std::function<void(Work&)>& read);

}  // namespace backglance
