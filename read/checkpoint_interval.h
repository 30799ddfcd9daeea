// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace backglance {

// How many bytes of one image are read between two checkpoints, unless --checkpoint-every says
// otherwise. A kill loses at most this part of the read. Help and docs/operations.md name the
// number.
inline constexpr std::int64_t kCheckpointInterval = std::int64_t{4} << 30;

// In bytes. A smaller image, or a smaller part of one, gets no checkpoint: to read it again is
// cheaper than to write, look up and delete a row of the ledger.
inline constexpr std::int64_t kWorthKeeping = 64 << 20;

}  // namespace backglance
