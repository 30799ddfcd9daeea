// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "digest/digest_stream.h"
#include "ledger/checkpoints.h"
#include "read/pipeline.h"
#include "read/read_context.h"
#include "read/read_options.h"

namespace backglance {

// The read stage when verify works on its queue: reads the image, or the part of it that the limits
// permit (work.most_bytes, --max-runtime), from its checkpoint on. Leaves `work` without an outcome
// if the image was not read to its last byte. `keep` saves a checkpoint; the reading thread calls
// it.
//
// A read can be continued only if the state of every digest can be saved. An image with another
// digest is not begun if it does not fit into the limits.
void read_for_scrub(Work& work, DigestWorkers& workers, ReadContext& context,
                    const ReadOptions& options, const std::function<void(const Checkpoint&)>& keep);

}  // namespace backglance
