// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glance/site.h"
#include "ledger/queue_figures.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "sql/session.h"

namespace backglance {

// Reads live images again, largest first, and compares them with os_hash_value, or with the
// checksum if there is no hash. Changes only backglance_verify and, with certificates,
// backglance_signature, and records its run; all of this only if the ledger exists. Throws what
// VerifyList throws, Error{locked} while a command that works alone is at work, Error{busy} if
// another run declared this one dead, Error{io} for a place of the store that this host does not
// see, and what the database throws.
ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result);

// What verify would read. Throws Error{usage} for an unknown --image.
PendingTotals plan_verify(Session& session, const ReadOptions& options);

}  // namespace backglance
