// SPDX-License-Identifier: Apache-2.0
#include "expand/online.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/stop.h"
#include "ledger/runs.h"
#include "sql/build_progress.h"
#include "sql/galera.h"
#include "sql/journal.h"
#include "sql/patience.h"
#include "sql/server.h"

namespace backglance {
namespace {

constexpr const char* kCommand = "backglance expand";
// Time between two looks at a build of another session; each look reads the catalogue.
constexpr std::chrono::milliseconds kLook{500};
constexpr const char* kRevertCommand = "backglance expand --revert";

void run_noted(Session& session, const PlannedStatement& planned, JournalState journal,
               const ExpandOptions& options) {
  const StepStatement& statement = planned.statement;
  std::optional<std::int64_t> note;
  if (journal.is_there)
    note = journal_start(session, journal, planned.step, statement);
  run_patiently(session, planned.step, statement, options.on_wait, kCommand);
  journal.has_run(statement);
  if (!note && journal.is_there)
    note = journal_start(session, journal, planned.step, statement);
  if (note)
    journal_finish(session, *note, "done");
}

bool plans(const ExpandPlan& plan, const StepStatement& statement) {
  return std::any_of(
      plan.statements.begin(), plan.statements.end(),
      [&](const PlannedStatement& planned) { return planned.statement.sql == statement.sql; });
}

// A statement that ran must not be planned again: the loop would never end.
void require_not_planned(const ExpandPlan& plan, const PlannedStatement& done) {
  if (plans(plan, done.statement))
    throw Error(
        ErrorKind::schema_state,
        fmt::format("{}, statement {} ran, but the database's catalogue does not show the result",
                    done.step, done.statement.number));
}

// True if the server refuses to add the columns only in its dictionary, for a reason that the
// catalogue does not show: too many such changes before, or a row that may become too long.
bool refuses_instant(const Session& session, const SchemaState& state,
                     const PlannedStatement& planned, const Error& error) {
  return planned.statement.kind == "column" && planned.statement.table == "images" &&
         state.instant_columns && refuses_instant(session.engine(), error.code());
}

// Reports the cost of the other way. On a cluster it stops all writers while it runs, and the plan
// did not say so: throws Error{schema_state} there.
void tell_of_rebuild(Session& session, const PlannedStatement& planned, const Error& error,
                     const OnWait& tell) {
  const std::string where = fmt::format("{}, statement {}", planned.step, planned.statement.number);
  if (is_galera_node(session))
    throw Error(ErrorKind::schema_state,
                fmt::format("{}: the server refused it ({}), and the other way, a copy of images, "
                            "stalls every node of the cluster while it runs. Run the statement "
                            "below when Glance can be stopped, then run expand again",
                            where, error.what()),
                "ALTER TABLE images FORCE");
  if (tell)
    tell(fmt::format("{}: the server refused it ({}); continuing with {}, which costs {}", where,
                     error.what(), session.engine().rebuild, session.engine().rebuild_cost));
}

}  // namespace

ExpandPlan expand_online(Session& session, const ExpandOptions& options) {
  ExpandPlan result;
  std::optional<Run> run;
  CalmTeller tell(options.on_wait);
  SchemaState state = read_schema_state(session);
  for (bool first = true;; first = false) {
    if (run)
      run->look_at_orders();
    require_no_stop(kCommand);
    const ExpandPlan plan = plan_expand(state, session.engine(), options);
    if (first)
      result.notes = plan.notes;
    if (first && plan.statements.empty() && plan.builds.empty())
      break;
    if (first)
      require_total_order(session);
    require_single_primary(session);
    // Once the ledger exists, the run can be entered, and a run of another host is seen.
    if (state.has_ledger && !run) {
      run.emplace(session, "expand");
      state = read_schema_state(session);  // another run may have changed it
      continue;
    }
    // A server continues a build whose expand was killed. Only its result decides what is due.
    if (!plan.builds.empty()) {
      tell(plan.builds.front());
      sleep_unless(stop_requested, kLook);
      state = read_schema_state(session);
      continue;
    }
    if (plan.statements.empty())
      break;
    const PlannedStatement& next = plan.statements.front();
    try {
      run_noted(session, next, find_journal(state.catalog), options);
    } catch (const Error& error) {
      if (refuses_instant(session, state, next, error)) {
        tell_of_rebuild(session, next, error, options.on_wait);
        // For this statement only: the copy may remove the reason.
        state.instant_columns = false;
        continue;
      }
      // Another run may have been faster; the catalogue shows it.
      if (error.kind() == ErrorKind::sql) {
        state = read_schema_state(session);
        if (!plans(plan_expand(state, session.engine(), options), next.statement))
          continue;
      }
      throw error.within(fmt::format("{}, statement {}", next.step, next.statement.number));
    }
    result.statements.push_back(next);
    state = read_schema_state(session);
    require_not_planned(plan_expand(state, session.engine(), options), next);
  }
  if (run)
    run->finish("done");
  return result;
}

ExpandPlan revert_online(Session& session, const ExpandOptions& options) {
  ExpandPlan result;
  std::optional<Run> run;
  SchemaState state = read_schema_state(session);
  for (bool first = true;; first = false) {
    require_no_stop(kRevertCommand);
    // An incomplete ledger is left by a revert that was killed. It is continued without a run: no
    // other run can begin.
    if (first && state.has_ledger) {
      run.emplace(session, "expand revert");
      state = read_schema_state(session);
    }
    const ExpandPlan plan = plan_revert(session, state, options);
    if (first)
      result.notes = plan.notes;
    if (plan.statements.empty())
      break;
    if (first)
      require_total_order(session);
    require_single_primary(session);
    const PlannedStatement& next = plan.statements.front();
    try {
      run_patiently(session, next.step, next.statement, options.on_wait, kRevertCommand);
    } catch (const Error& error) {
      throw error.within(fmt::format("{}, revert statement {}", next.step, next.statement.number));
    }
    result.statements.push_back(next);
    state = read_schema_state(session);
    require_not_planned(plan_revert(session, state, options), next);
  }
  if (run && options.guard)
    run->finish("done");
  else if (run)
    // The tables are gone, and the run's row with them.
    run->forget();
  return result;
}

}  // namespace backglance
