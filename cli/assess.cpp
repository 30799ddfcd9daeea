// SPDX-License-Identifier: Apache-2.0
#include "cli/assess.h"

#include <fmt/format.h>

#include "base/text.h"
#include "expand/expand.h"
#include "ledger/items.h"
#include "ledger/signatures.h"

namespace backglance {

Due assess(Session& session, const SchemaState& state) {
  const ExpandPlan schema = plan_expand(state, session.engine());
  const auto statements = schema.statements.size();
  if (!schema.builds.empty())
    return {ExitCode::expand_due, schema.builds.front(), "backglance expand"};
  if (statements > 0)
    return {ExitCode::expand_due,
            counted(static_cast<std::int64_t>(statements), "schema statement") + " to run",
            "backglance expand"};

  Items items(session);
  const std::int64_t unqueued = items.unqueued().images + items.changed().images;
  const std::int64_t unflagged = unflagged_count(session);
  if (unqueued > 0 || unflagged > 0)
    return {ExitCode::migrate_due,
            fmt::format("{} to queue, {} with signature properties to classify",
                        counted(unqueued, "image"), unflagged),
            "backglance migrate"};
  const QueueTotals queued = items.queued();
  const std::int64_t erased = items.erased();
  if (queued.images > 0 || erased > 0) {
    const bool later = erased == 0 && items.claimable().images == 0;
    return {ExitCode::migrate_due,
            fmt::format("{} to read{}, {} to restore", counted(queued.images, "image"),
                        later ? " (all busy in Glance or claimed by another run)" : "",
                        counted(erased, "hash")),
            "backglance backfill"};
  }
  const std::int64_t due = due_count(session);
  const QueueTotals failed = items.failed();
  if (due > 0)
    return {ExitCode::contract_due,
            fmt::format("the grace period of {} with deprecated signatures has ended{}",
                        counted(due, "image"),
                        failed.images == 0 ? ""
                                           : fmt::format("; {} could not be hashed, and contract "
                                                         "is blocked while that data can be read",
                                                         counted(failed.images, "image"))),
            failed.images == 0 ? "backglance contract" : "backglance contract --dry-run"};
  if (failed.images > 0)
    return {ExitCode::done,
            fmt::format("nothing is due; {} could not be hashed", counted(failed.images, "image")),
            "backglance report"};
  return {ExitCode::done, "nothing is due", ""};
}

}  // namespace backglance
