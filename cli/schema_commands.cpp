// SPDX-License-Identifier: Apache-2.0
// expand and plan: the commands about the schema.
#include "cli/schema_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "backfill/backfill.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/galera_plan.h"
#include "cli/json.h"
#include "migrate/migrate.h"
#include "sql/guard.h"
#include "sql/rights.h"

namespace backglance {
namespace {

using nlohmann::json;

struct ExpandFlags {
  bool revert = false;
  bool repair = false;
  bool guard = false;
};

// What expand would do before anything else stands with what was found.
std::vector<std::string> notes_of(const ExpandPlan& plan) {
  std::vector<std::string> notes = plan.notes;
  for (const std::string& build : plan.builds)
    notes.push_back(build + "; expand waits until that has ended");
  return notes;
}

bool is_guard_alone(const ExpandPlan& plan) {
  return std::all_of(plan.statements.begin(), plan.statements.end(),
                     [](const PlannedStatement& one) { return one.step == kGuardStep; });
}

ExitCode run_expand(const CommonOptions& common, const ExpandFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  ExpandOptions options;
  options.repair = flags.repair;
  options.guard = flags.guard;
  options.on_wait = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  ExpandPlan plan;
  if (common.dry_run) {
    const SchemaState state = read_schema_state(session);
    plan = flags.revert ? plan_revert(session, state, options)
                        : plan_expand(state, session.engine(), options);
  } else {
    plan = flags.revert ? revert_expand(session, options) : expand(session, options);
  }
  if (common.json) {
    print_json({{"dry_run", common.dry_run},
                {"revert", flags.revert},
                {"notes", notes_of(plan)},
                {"statements", statements_json(plan)}});
    return ExitCode::done;
  }
  for (const std::string& note : notes_of(plan))
    fmt::print("note: {}\n", note);
  if (common.dry_run)
    print_statements(plan);
  const char* verb = common.dry_run ? "would run" : "ran";
  if (plan.statements.empty())
    fmt::print("{}\n", flags.revert          ? "nothing to revert"
                       : plan.builds.empty() ? "nothing to do: the schema is complete"
                                             : "nothing else to do: the rest of the schema is "
                                               "complete");
  else
    fmt::print("{} {}{}\n", verb,
               counted(static_cast<std::int64_t>(plan.statements.size()), "schema statement"),
               common.dry_run || flags.revert || is_guard_alone(plan)
                   ? ""
                   : " -- next: backglance migrate");
  return ExitCode::done;
}

json plan_json(Session& session, const Site& site, const ExpandPlan& schema,
               const PendingTotals& pending) {
  const MigrateResult data = plan_migrate(session);
  const BackfillPlan reads = plan_backfill(site, {});
  return {{"database", site.database.redacted()},
          {"notes", notes_of(schema)},
          {"statements", statements_json(schema)},
          {"migrate",
           {{"to_queue", data.queued},
            {"to_flag", data.flagged},
            {"signatures", schemes_json(data.schemes)}}},
          {"backfill",
           {{"images", reads.images},
            {"bytes", reads.bytes},
            {"unknown_size", pending.unknown_size},
            {"failed_before", reads.failed},
            {"to_restore", reads.erased}}}};
}

// Of all that is still to come, so that it is not found out in the middle.
json rights_json(Session& session, bool of_schema) {
  json rights = json::array();
  auto missing = missing_rights(session, RightsFor::rows);
  if (of_schema)
    for (MissingRight& right : missing_rights(session, RightsFor::schema))
      missing.push_back(std::move(right));
  for (const MissingRight& right : missing)
    rights.push_back({{"right", right.name}, {"next", right.grant}});
  return rights;
}

ExitCode run_plan(const CommonOptions& common, bool with_guard) {
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SchemaState state = read_schema_state(session);
  const ExpandPlan schema = plan_expand(state, session.engine(), {.guard = with_guard});
  const Guard guard = find_guard(state, session.engine());
  const PendingTotals pending = pending_totals(session, state.has_os_hash);
  json plan = plan_json(session, site, schema, pending);
  plan["guard"] = guard_name(guard.state);
  plan["missing_rights"] = rights_json(session, !schema.statements.empty());
  plan["galera"] = galera_json(session, state, schema);
  if (common.json) {
    print_json(plan);
    return ExitCode::done;
  }
  for (const std::string& note : notes_of(schema))
    fmt::print("note: {}\n", note);
  fmt::print("expand: {}\n",
             counted(static_cast<std::int64_t>(schema.statements.size()), "statement"));
  print_statements(schema);
  if (guard.state == GuardState::foreign)
    fmt::print("\n{}: {}\n", guard_text(guard.state), guard.difference);
  else if (guard.state != GuardState::missing || !with_guard)
    fmt::print("\n{}\n", guard.state != GuardState::missing ? guard_text(guard.state)
                                                            : "no guard: expand --guard makes it");
  for (const json& right : plan["missing_rights"])
    fmt::print("\nthis account lacks {} -- next: {}\n", right["right"].get<std::string>(),
               right["next"].get<std::string>());
  print_galera(plan["galera"]);
  fmt::print("\nmigrate: {} to queue, {} with signature properties to flag\n",
             counted(plan["migrate"]["to_queue"].get<std::int64_t>(), "image"),
             counted(plan["migrate"]["to_flag"].get<std::int64_t>(), "image"));
  for (const auto& [scheme, images] : plan["migrate"]["signatures"].items())
    fmt::print("  {:>8}  {}\n", images.get<std::int64_t>(),
               signature_scheme_text(signature_scheme_from_name(scheme)));
  const json& reads = plan["backfill"];
  fmt::print(
      "\nbackfill: {} to read, {}{}\n", counted(reads["images"].get<std::int64_t>(), "image"),
      human_bytes(reads["bytes"].get<std::uint64_t>()),
      pending.unknown_size > 0
          ? fmt::format(" and {} of unknown or no size", counted(pending.unknown_size, "image"))
          : "");
  if (reads["failed_before"].get<std::int64_t>() > 0)
    fmt::print("  {} failed before; only backfill --retry-failed reads them again\n",
               counted(reads["failed_before"].get<std::int64_t>(), "image"));
  fmt::print("\nnothing was changed\n");
  return ExitCode::done;
}

}  // namespace

void print_statements(const ExpandPlan& plan) {
  std::string step;
  for (const PlannedStatement& planned : plan.statements) {
    if (planned.step != step)
      fmt::print("\n-- step {}\n", planned.step);
    step = planned.step;
    const StepStatement& statement = planned.statement;
    if (!statement.lock.empty())
      fmt::print("-- lock: {}\n", statement.lock);
    if (!statement.cost.empty())
      fmt::print("-- cost: {}\n", statement.cost);
    fmt::print("{};\n", statement.sql);
  }
}

Runner add_expand(Arguments& app) {
  // Shared by the parser, which writes, and the runner, which reads: both live in closures of their
  // own.
  auto flags = std::make_shared<ExpandFlags>();
  Option revert = app.flag("--revert", flags->revert,
                           "Remove what expand added to the database, as far as that is safe");
  app.flag("--repair", flags->repair,
           "Also add columns that alembic_version promises to Glance and that are missing; cannot "
           "be used with --revert")
      .excludes(revert);
  app.flag("--guard", flags->guard,
           "Also create the guard: a trigger that keeps a published hash when Glance saves an "
           "older copy of the row; with --revert, remove only the guard");
  return [flags](const CommonOptions& common) { return run_expand(common, *flags); };
}

Runner add_plan(Arguments& app) {
  auto guard = std::make_shared<bool>(false);
  app.flag("--guard", *guard, "Show what expand --guard would do");
  return [guard](const CommonOptions& common) { return run_plan(common, *guard); };
}

}  // namespace backglance
