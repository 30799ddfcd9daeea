// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "read/claim_stage.h"
#include "read/settle_stage.h"

namespace backglance {

// Reads images until `claim` has no more. Each image passes `claim`, `read` (called by several
// threads at once; it reads and judges) and `settle`. If a stage throws, the reads under way end
// too, because their results could not be recorded, and the exception is passed on. Before a thread
// waits for the end of a pause, `settle` records the images that wait. The caller calls
// settle.finish().
void run_stages(ReadContext& context, const ReadOptions& options, ClaimStage& claim,
                SettleStage& settle, const std::function<void(Work&)>& read);

}  // namespace backglance
