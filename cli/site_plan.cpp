// SPDX-License-Identifier: Apache-2.0
#include "cli/site_plan.h"

#include "sql/images.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// `of_schema`: also the rights for schema statements.
std::vector<MissingRight> all_missing_rights(Session& session, bool of_schema) {
  std::vector<MissingRight> missing = missing_rights(session, RightsFor::rows);
  if (of_schema)
    for (MissingRight& right : missing_rights(session, RightsFor::schema))
      missing.push_back(std::move(right));
  return missing;
}

}  // namespace

SitePlan collect_plan(Session& session, const Site& site, bool with_guard) {
  const SchemaState state = read_schema_state(session);
  SitePlan plan;
  plan.database = site.database.redacted();
  plan.with_guard = with_guard;
  plan.schema = plan_expand(state, session.engine(), {.guard = with_guard});
  plan.guard = find_guard(state, session.engine());
  plan.unknown_size = pending_totals(session, state.has_os_hash).unknown_size;
  plan.data = plan_migrate(session);
  plan.reads = plan_backfill(site, {});
  plan.missing_rights = all_missing_rights(session, !plan.schema.statements.empty());
  // Last, because its trial may take a while.
  plan.galera = collect_galera(session, state, plan.schema);
  return plan;
}

}  // namespace backglance
