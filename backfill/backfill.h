// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "glance/site.h"
#include "ledger/queue_figures.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "signature/trust.h"

namespace backglance {

// The backfill: claim -> read once -> digests -> verdict -> publish. docs/backfill.md follows one
// image through it.

// Runs the whole backfill: sweeps, queues new images, reads and publishes until nothing is due, a
// limit is reached or the run must end, and sweeps again. Opens sessions of its own: to claim, to
// publish, and for the heartbeat.
//
// One bad image never ends the run. If no image of a place can be opened, the run ends, because
// then the fault lies with the host. After a signal or an order to stop, it publishes what was
// read, releases the rest and returns `interrupted` or `stopped`. While the fleet is paused it
// reads nothing.
//
// Throws Error{schema_state} before expand, Error{usage} for an unknown --image, Error{io} for a
// store directory that this host does not see, Error{locked} while a command that works alone is at
// work, Error{busy} if its leases were lost, and what the database throws.
ReadResult backfill(const Site& site, ReadContext& context, const ReadOptions& options,
                    const OnResult& on_result);

// Only the sweep: puts back published hashes that Glance has erased by saving a whole row. They
// come from the ledger, without reading the image, if its location, size, checksum and the object's
// identity are still those that were read. Otherwise the image is queued to be read again.
ReadResult sweep(const Site& site, ReadContext& context, const OnResult& on_result);

// What backfill would read now. Counting changes nothing. `known` are those of site_figures();
// they are read if the caller has none.
struct BackfillPlan {
  std::int64_t images = 0;
  std::int64_t bytes = 0;         // of images of known size
  std::int64_t unknown_size = 0;  // images among them whose size Glance does not know
  std::int64_t failed = 0;        // failed in earlier runs; only --retry-failed reads them again
  std::int64_t erased = 0;        // hashes that the sweep would put back
};
BackfillPlan plan_backfill(const Site& site, const ReadOptions& options,
                           const std::optional<SiteFigures>& known = std::nullopt);

}  // namespace backglance
