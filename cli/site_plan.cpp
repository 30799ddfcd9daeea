// SPDX-License-Identifier: Apache-2.0
#include "cli/site_plan.h"

#include <algorithm>
#include <set>

#include "cli/readiness.h"
#include "ledger/runs.h"
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

Forecast forecast_of(Session& session, const SchemaState& state, const SitePlan& plan,
                     const ForecastWish& wish) {
  Forecast forecast;
  forecast.hosts = wish.hosts.value_or(1);
  forecast.rate_was_measured = !wish.rate;
  forecast.rate = wish.rate ? *wish.rate : state.has_whole_ledger ? earlier_pace(session) : 0;
  if (forecast.rate == 0)
    throw Error(ErrorKind::usage,
                "no run has read 64 MiB of this site yet, so that its rate is not known",
                "give --rate, for example --rate 100M for 100 MiB/s of each host");
  for (const StoreShare& share : plan.stores)
    if (!share.why_not.empty())
      forecast.unreadable += share.pending.bytes;
  // The queue may have less than the stores: what failed before is not read again.
  forecast.unreadable = std::min(forecast.unreadable, plan.reads.bytes);
  forecast.bytes = plan.reads.bytes - forecast.unreadable;
  forecast.unknown_size = plan.unknown_size;
  return forecast;
}

}  // namespace

SitePlan collect_plan(Session& session, const Site& site, bool with_guard,
                      const ForecastWish& wish) {
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
  const auto [figures, groups] = site_figures_by_store(session, state);
  plan.unknown_size = figures.unknown_size;
  plan.data = plan_migrate(session, {}, figures);
  plan.reads = plan_backfill(site, {}, figures);
  plan.stores =
      store_shares(session, site, Stores(site, Stores::AllAway::accept), state.has_os_hash, groups);
  if (wish.is_given())
    plan.forecast = forecast_of(session, state, plan, wish);
  plan.missing_rights = all_missing_rights(session, plan.schema);
  // Last, because its trial may take a while.
  plan.galera = collect_galera(session, state, plan.schema);
  return plan;
}

}  // namespace backglance
