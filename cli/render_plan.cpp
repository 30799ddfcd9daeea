// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/site_plan.h"
#include "cli/store_lines.h"

namespace backglance {
namespace {

using nlohmann::json;

std::string guard_line(const SitePlan& plan) {
  switch (plan.guard.state) {
    case GuardState::foreign:
      return fmt::format("\n{}: {}\n", guard_text(plan.guard.state), plan.guard.difference);
    case GuardState::missing:
      // With --guard its statements are printed above.
      return plan.with_guard ? "" : "\nno guard; expand --guard installs it\n";
    case GuardState::there:
    case GuardState::hidden:
      break;
  }
  return fmt::format("\n{}\n", guard_text(plan.guard.state));
}

std::string migrate_text(const MigrateResult& data) {
  std::string out = fmt::format("\nmigrate: {} to queue, {} with signature properties to flag\n",
                                counted(data.queued, "image"), counted(data.flagged, "image"));
  // By the schemes' names, as in the JSON.
  std::vector<SchemeCount> counts = data.schemes;
  std::sort(counts.begin(), counts.end(), [](const SchemeCount& a, const SchemeCount& b) {
    return signature_scheme_name(a.scheme) < signature_scheme_name(b.scheme);
  });
  for (const SchemeCount& count : counts)
    out += fmt::format("  {:>8}  {}\n", count.images, signature_scheme_text(count.scheme));
  return out;
}

std::string backfill_text(const SitePlan& plan) {
  std::string out = fmt::format(
      "\nbackfill: {} to read, {}{}\n", counted(plan.reads.images, "image"),
      human_bytes(static_cast<std::uint64_t>(plan.reads.bytes)),
      plan.unknown_size > 0
          ? fmt::format(" and {} of unknown or no size", counted(plan.unknown_size, "image"))
          : "");
  out += store_shares_text(plan.stores);
  if (plan.forecast)
    out += forecast_text(*plan.forecast);
  if (plan.reads.failed > 0)
    out += fmt::format("  {} failed before; only backfill --retry-failed reads them again\n",
                       counted(plan.reads.failed, "image"));
  return out;
}

std::string note_line(const std::string& note) {
  return fmt::format("note: {}\n", note);
}

// Of the schema first, as the statements are.
std::vector<std::string> notes_of(const SitePlan& plan) {
  std::vector<std::string> notes = backglance::notes_of(plan.schema);
  notes.insert(notes.end(), plan.notes.begin(), plan.notes.end());
  return notes;
}

bool is_guard_alone(const ExpandPlan& plan) {
  return std::all_of(plan.statements.begin(), plan.statements.end(),
                     [](const PlannedStatement& one) { return one.step == kGuardStep; });
}

json rights_json(const std::vector<MissingRight>& missing) {
  json rights = json::array();
  for (const MissingRight& right : missing)
    rights.push_back({{"right", right.name}, {"next", right.grant}});
  return rights;
}

}  // namespace

std::vector<std::string> notes_of(const ExpandPlan& plan) {
  std::vector<std::string> notes = plan.notes;
  for (const std::string& build : plan.builds)
    notes.push_back(build + "; expand waits until that has ended");
  return notes;
}

std::string notes_text(const ExpandPlan& plan) {
  std::string out;
  for (const std::string& note : notes_of(plan))
    out += note_line(note);
  return out;
}

std::string statements_text(const ExpandPlan& plan) {
  std::string out;
  std::string step;
  for (const PlannedStatement& planned : plan.statements) {
    if (planned.step != step)
      out += fmt::format("\n-- step {}\n", planned.step);
    step = planned.step;
    const StepStatement& statement = planned.statement;
    if (!statement.lock.empty())
      out += fmt::format("-- lock: {}\n", statement.lock);
    if (!statement.cost.empty())
      out += fmt::format("-- cost: {}\n", statement.cost);
    out += fmt::format("{};\n", statement.sql);
  }
  return out;
}

std::string plan_text(const SitePlan& plan) {
  const auto statements = static_cast<std::int64_t>(plan.schema.statements.size());
  std::string out;
  for (const std::string& note : notes_of(plan))
    out += note_line(note);
  out += fmt::format("expand: {}\n", counted(statements, "statement"));
  out += statements_text(plan.schema);
  out += guard_line(plan);
  for (const MissingRight& right : plan.missing_rights)
    out += fmt::format("\nthis account lacks {} -- next: {}\n", right.name, right.grant);
  if (plan.galera)
    out += galera_text(*plan.galera);
  return out + migrate_text(plan.data) + backfill_text(plan) + "\nnothing was changed\n";
}

json plan_json(const SitePlan& plan) {
  return {{"database", plan.database},
          {"notes", notes_of(plan)},
          {"statements", statements_json(plan.schema)},
          {"guard", guard_name(plan.guard.state)},
          {"missing_rights", rights_json(plan.missing_rights)},
          {"galera", plan.galera ? galera_json(*plan.galera) : json(nullptr)},
          {"migrate",
           {{"to_queue", plan.data.queued},
            {"to_flag", plan.data.flagged},
            {"signatures", schemes_json(plan.data.schemes)}}},
          {"backfill",
           {{"images", plan.reads.images},
            {"bytes", plan.reads.bytes},
            {"unknown_size", plan.unknown_size},
            {"failed_before", plan.reads.failed},
            {"to_restore", plan.reads.erased},
            {"stores", store_shares_json(plan.stores)},
            {"forecast", plan.forecast ? forecast_json(*plan.forecast) : json(nullptr)}}}};
}

void print_plan(const SitePlan& plan, bool as_json) {
  if (as_json)
    print_json(plan_json(plan));
  else
    print_out("{}", plan_text(plan));
}

std::string expand_text(const ExpandOutcome& outcome) {
  const ExpandPlan& plan = outcome.plan;
  std::string out = notes_text(plan);
  if (outcome.dry_run)
    out += statements_text(plan);
  if (plan.statements.empty()) {
    if (outcome.revert)
      return out + "nothing to revert\n";
    return out + (plan.builds.empty() ? "nothing to do: the schema is complete\n"
                                      : "nothing else to do: the rest of the schema is complete\n");
  }
  const auto statements = static_cast<std::int64_t>(plan.statements.size());
  const bool is_last = outcome.dry_run || outcome.revert || is_guard_alone(plan);
  return out + fmt::format("{} {}{}\n", outcome.dry_run ? "would run" : "ran",
                           counted(statements, "schema statement"),
                           is_last || outcome.next.empty() ? "" : " -- next: " + outcome.next);
}

json expand_json(const ExpandOutcome& outcome) {
  return {{"dry_run", outcome.dry_run},
          {"revert", outcome.revert},
          {"notes", notes_of(outcome.plan)},
          {"statements", statements_json(outcome.plan)}};
}

void print_expand(const ExpandOutcome& outcome, bool as_json) {
  if (as_json)
    print_json(expand_json(outcome));
  else
    print_out("{}", expand_text(outcome));
}

}  // namespace backglance
