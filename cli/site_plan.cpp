// SPDX-License-Identifier: Apache-2.0
#include "cli/site_plan.h"

#include <algorithm>
#include <set>

#include "cli/readiness.h"
#include "sql/images.h"
#include "sql/schema_state.h"
#include "sql/server_limits.h"

namespace backglance {
namespace {

// For what expand would do, and for what every command does then. Nobody gives more than he must:
// no right is named that no statement of this plan needs.
std::vector<MissingRight> all_missing_rights(Session& session, const ExpandPlan& schema) {
  std::set<RightsFor> needs = {RightsFor::rows};
  for (const PlannedStatement& planned : schema.statements)
    needs.insert(rights_for(planned.statement.sql));
  std::vector<MissingRight> missing;
  for (const RightsFor what : needs)
    for (MissingRight& right : missing_rights(session, what))
      if (std::none_of(missing.begin(), missing.end(),
                       [&](const MissingRight& known) { return known.name == right.name; }))
        missing.push_back(std::move(right));
  return missing;
}

}  // namespace

SitePlan collect_plan(Session& session, const Site& site, bool with_guard) {
  Readiness readiness = readiness_of(site);
  const SchemaState state = read_schema_state(session);
  SitePlan plan;
  plan.notes = std::move(readiness.warnings);
  if (!readiness.refusal.empty())
    plan.notes.push_back(std::move(readiness.refusal));
  for (std::string& limit : server_limits(session))
    plan.notes.push_back(std::move(limit));
  // Of a server, the limits and the rights say it.
  if (site.database.engine == Engine::sqlite)
    for (std::string& obstacle : write_obstacles(session, site, {}))
      plan.notes.push_back(std::move(obstacle));
  plan.database = site.database.redacted();
  plan.with_guard = with_guard;
  plan.schema = plan_expand(state, session.engine(), {.guard = with_guard});
  plan.guard = find_guard(state, session.engine());
  const SiteFigures figures = site_figures(session, state);
  plan.unknown_size = figures.unknown_size;
  plan.data = plan_migrate(session, {}, figures);
  plan.reads = plan_backfill(site, {}, figures);
  plan.stores =
      store_shares(session, site, Stores(site, Stores::AllAway::accept), state.has_os_hash);
  plan.missing_rights = all_missing_rights(session, plan.schema);
  // Last, because its trial may take a while.
  plan.galera = collect_galera(session, state, plan.schema);
  return plan;
}

}  // namespace backglance
