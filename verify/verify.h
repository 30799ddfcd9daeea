// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glance/site.h"
#include "ledger/queue_figures.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "sql/session.h"

namespace backglance {

// Reads live images again and compares them with os_hash_value, or with the checksum if there is no
// hash. If the ledger exists, the runs of all hosts share one queue (ledger/scrub_queue.h): the
// image whose last read is the oldest comes first, and a run that is killed is continued in the
// middle of an image. Named and signed images, and those of a site without a ledger, are read once
// each, largest first. Changes only backglance_verify, the queue and, with certificates,
// backglance_signature, and records its run; all of this only if the ledger exists. Throws what
// VerifyList throws, Error{schema_state} for older_than without a ledger, Error{locked} while a
// command that works alone is at work, Error{busy} if another run declared this one dead, Error{io}
// for a place of the store that this host does not see, and what the database throws.
ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result);

// What verify would read. Throws Error{usage} for an unknown --image.
PendingTotals plan_verify(Session& session, const ReadOptions& options);

}  // namespace backglance
