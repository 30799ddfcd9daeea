// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glance/site.h"
#include "ledger/queue_figures.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "sql/session.h"

namespace backglance {

// Reads live images again, largest first, and compares with os_hash_value, or with checksum where
// that is all there is. Changes nothing but backglance_verify, and backglance_signature where it
// has certificates, and those only if the ledger is there.
ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result);

// What verify would read. Throws Error{usage} for an unknown --image.
QueueTotals plan_verify(Session& session, const ReadOptions& options);

}  // namespace backglance
