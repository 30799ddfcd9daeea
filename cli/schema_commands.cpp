// SPDX-License-Identifier: Apache-2.0
// expand and plan: the commands about the schema.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/assess.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/option_values.h"
#include "cli/readiness.h"
#include "cli/site_plan.h"
#include "ledger/runs.h"
#include "sql/retry.h"

namespace backglance {
namespace {

struct ExpandFlags {
  bool revert = false;
  bool repair = false;
  bool guard = false;
};

// expand with nothing to run enters no run, so no other run keeps it out; and a dry run enters none
// at all. Whoever runs it in a script must learn that the site is being worked on.
void add_live_runs(Session& session, ExpandOutcome& outcome) {
  if (!outcome.dry_run && !outcome.plan.statements.empty())
    return;
  const auto runs = retry(session, [&] {
    return read_schema_state(session).has_ledger ? live_runs(session) : std::vector<LiveRun>();
  });
  for (const LiveRun& run : runs)
    outcome.plan.notes.push_back(fmt::format(
        "another run is at work: {} on {} since {} UTC{}", printable(run.command),
        printable(run.host), utc_time(within_calendar(run.started_at)),
        outcome.plan.statements.empty() ? "" : "; expand would refuse to run beside it"));
}

ExitCode run_expand(const CommonOptions& common, const ExpandFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  ExpandOptions options;
  options.repair = flags.repair;
  options.guard = flags.guard;
  options.on_wait = [](const std::string& line) { say_line(line); };
  ExpandPlan plan;
  if (common.dry_run) {
    const SchemaState state = read_schema_state(session);
    plan = flags.revert ? plan_revert(session, state, options)
                        : plan_expand(state, session.engine(), options);
    Needs needs;
    for (const PlannedStatement& planned : plan.statements)
      needs.insert(rights_for(planned.statement.sql));
    warn_of_write_obstacles(session, site, needs);
  } else {
    plan = flags.revert ? revert_expand(session, options) : expand(session, options);
  }
  ExpandOutcome outcome{std::move(plan), common.dry_run, flags.revert, {}};
  // After an upgrade of the ledger, migrate may have nothing to do.
  if (!common.json && !common.dry_run && !flags.revert && !outcome.plan.statements.empty())
    outcome.next = retry(session, [&] {
      return with_stores(assess(session, read_schema_state(session)), site).next;
    });
  add_live_runs(session, outcome);
  print_expand(outcome, common.json);
  return ExitCode::done;
}

struct PlanFlags {
  bool guard = false;
  std::optional<std::int64_t> hosts;
  std::optional<std::string> rate;
};

ExitCode run_plan(const CommonOptions& common, const PlanFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  ForecastWish wish{.hosts = flags.hosts};
  if (flags.rate)
    wish.rate = rate_option("--rate", *flags.rate);
  print_plan(collect_plan(session, site, flags.guard, wish), common.json);
  return ExitCode::done;
}

}  // namespace

Runner add_expand(Arguments& app) {
  // Shared by two functions: the parser writes the flags, the runner reads them later.
  auto flags = std::make_shared<ExpandFlags>();
  Option revert =
      app.flag("--revert", flags->revert,
               "Undo expand: remove backglance's tables, and the columns and indexes that expand "
               "added to Glance's tables. Columns that Glance or an image uses stay")
          .only_typed();
  app.flag("--repair", flags->repair,
           "Also add columns that are missing although alembic_version, Glance's schema version, "
           "says that they exist; cannot be used with --revert")
      .only_typed()
      .excludes(revert);
  app.flag("--guard", flags->guard,
           "Also create the guard, a database trigger: if Glance saves an old copy of an image's "
           "row, the trigger keeps the published hash. With --revert: remove only the guard");
  return [flags](const CommonOptions& common) { return run_expand(common, *flags); };
}

Runner add_plan(Arguments& app) {
  auto flags = std::make_shared<PlanFlags>();
  app.flag("--guard", flags->guard, "Show what expand --guard would do");
  app.option("--hosts", flags->hosts,
             "Forecast how long N hosts read, all at the same time (default with --rate: 1)")
      .type("N")
      .at_least(1);
  app.option("--rate", flags->rate,
             "Forecast for SIZE bytes per second on each host: 200M is 200 MiB/s (default with "
             "--hosts: what the fastest of the last three long runs reached)")
      .type("SIZE");
  return [flags](const CommonOptions& common) { return run_plan(common, *flags); };
}

}  // namespace backglance
