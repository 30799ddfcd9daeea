// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glance/site.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "signature/trust.h"

namespace backglance {

// The backfill: claim -> read once -> digests -> verdict -> publish. docs/backfill.md walks one
// image through it.

// Sweeps, queues what is new, reads and publishes until nothing is due, a limit is met or the run
// is told to end, and sweeps again. Opens sessions of its own: one to claim, one to publish, one
// for the heartbeat. One bad image never ends the run; that none can be opened does, for it tells
// of the host. After a signal, or a stop of the fleet, what was read is published, the rest
// released, and the end is `interrupted` or `stopped`. While the fleet is paused nothing is read.
// Throws Error{schema_state} before expand, Error{usage} for an unknown --image, Error{io} if no
// store directory is there, and what the database throws.
ReadResult backfill(const Site& site, ReadContext& context, const ReadOptions& options,
                    const OnResult& on_result);

// Only the sweep: published hashes that a whole-row save of Glance has erased are put back from the
// ledger, without reading an image, where location, size, checksum and the object's identity are
// those that were read. Where they are not, the image is queued to be read again.
ReadResult sweep(const Site& site, ReadContext& context, const OnResult& on_result);

// What backfill would read now, counted without a write.
struct BackfillPlan {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::int64_t failed = 0;  // of earlier runs, that only --retry-failed reads again
  std::int64_t erased = 0;  // that the sweep would put back
};
BackfillPlan plan_backfill(const Site& site, const ReadOptions& options);

}  // namespace backglance
