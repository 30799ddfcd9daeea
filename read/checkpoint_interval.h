// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace backglance {

// How many bytes of one image are read between two checkpoints, unless --checkpoint-every says
// otherwise: what a kill costs at most. Help and docs/operations.md name it.
inline constexpr std::int64_t kCheckpointInterval = std::int64_t{4} << 30;

// Smaller images, and smaller parts of images, get no checkpoint: reading them again is cheaper
// than writing, looking up and forgetting a row of the ledger.
inline constexpr std::int64_t kWorthKeeping = 64 << 20;

}  // namespace backglance
