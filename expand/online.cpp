#include "expand/online.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include "base/stop.h"
#include "base/text.h"
#include "sql/blockers.h"
#include "sql/journal.h"
#include "sql/runs.h"

namespace backglance {
namespace {

using std::chrono::milliseconds;

// A table that is never free for an instant in a quarter of an hour belongs to a transaction that a
// person has to look at.
constexpr std::chrono::minutes kPatience{15};
constexpr milliseconds kShortestPause{300};
constexpr milliseconds kLongestPause{5000};

// Grows with each attempt, and differs from host to host.
milliseconds pause_before(int attempt) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const auto longest = std::min(kLongestPause, kShortestPause * (1 << std::min(attempt, 5)));
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(kShortestPause.count(),
                                                                       longest.count())(random));
}

void pause(milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!stop_requested() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds(50));
}

void require_no_stop(const char* command = "backglance expand") {
  if (stop_requested())
    throw Error(ErrorKind::interrupted, "interrupted between two statements; the next run goes on",
                command);
}

std::string who_blocks(Session& session) {
  const auto lines = blockers(session);
  return lines.empty() ? "the server does not say who holds it" : join(lines, "; ");
}

// One statement, again and again until it has its lock.
void run_patiently(Session& session, const PlannedStatement& planned,
                   const ExpandOptions& options) {
  const StepStatement& statement = planned.statement;
  const auto began = std::chrono::steady_clock::now();
  for (int attempt = 0;; ++attempt) {
    require_no_stop();
    const DdlPatience patience(session, statement.unbounded);
    try {
      session.execute(statement.sql);
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::busy)
        throw;
      if (std::chrono::steady_clock::now() - began > kPatience)
        throw Error(ErrorKind::busy,
                    fmt::format("no lock on {} in {} minutes: {}", statement.table,
                                kPatience.count(), who_blocks(session)),
                    "backglance expand");
    }
    if (options.on_wait)
      options.on_wait(fmt::format("{}, statement {}: {} is in use, will try again: {}",
                                  planned.step, statement.number, statement.table,
                                  who_blocks(session)));
    pause(pause_before(attempt));
  }
}

void run_noted(Session& session, const PlannedStatement& planned, bool has_journal,
               const ExpandOptions& options) {
  const StepStatement& statement = planned.statement;
  std::optional<std::int64_t> note;
  if (has_journal)
    note = journal_start(session, planned.step, statement);
  run_patiently(session, planned, options);
  if (!note && statement.name == "backglance_step")
    note = journal_start(session, planned.step, statement);
  if (note)
    journal_finish(session, *note, "done");
}

bool plans(const ExpandPlan& plan, const StepStatement& statement) {
  return std::any_of(
      plan.statements.begin(), plan.statements.end(),
      [&](const PlannedStatement& planned) { return planned.statement.sql == statement.sql; });
}

void require_not_planned(const ExpandPlan& plan, const PlannedStatement& done) {
  if (plans(plan, done.statement))
    throw Error(ErrorKind::schema_state,
                fmt::format("{}, statement {} ran, and the catalogue does not show it", done.step,
                            done.statement.number));
}

}  // namespace

ExpandPlan expand_online(Session& session, const ExpandOptions& options) {
  ExpandPlan result;
  std::optional<Run> run;
  SchemaState state = read_schema_state(session);
  for (bool first = true;; first = false) {
    require_no_stop();
    const ExpandPlan plan = plan_expand(state, session.engine(), options);
    if (first)
      result.notes = plan.notes;
    if (first && plan.statements.empty())
      break;
    // With the ledger there is a place to say that we are at work, and to find that another is.
    if (state.has_ledger && !run) {
      run.emplace(session, "expand");
      state = read_schema_state(session);  // as another left it
      continue;
    }
    if (plan.statements.empty())
      break;
    const PlannedStatement& next = plan.statements.front();
    try {
      run_noted(session, next, state.catalog.contains("backglance_step"), options);
    } catch (const Error& error) {
      // Another run may have been quicker; the catalogue tells.
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
    require_no_stop("backglance expand --revert");
    // Without a whole ledger a revert that was killed is gone on with: nobody else can be at work.
    if (first && state.has_ledger) {
      run.emplace(session, "expand");
      state = read_schema_state(session);
    }
    const ExpandPlan plan = plan_revert(session, state);
    if (first)
      result.notes = plan.notes;
    if (plan.statements.empty())
      break;
    const PlannedStatement& next = plan.statements.front();
    try {
      run_patiently(session, next, options);
    } catch (const Error& error) {
      throw error.within(fmt::format("{}, revert statement {}", next.step, next.statement.number));
    }
    result.statements.push_back(next);
    state = read_schema_state(session);
    require_not_planned(plan_revert(session, state), next);
  }
  if (run)
    run->forget();
  return result;
}

}  // namespace backglance
