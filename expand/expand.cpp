// SPDX-License-Identifier: Apache-2.0
#include "expand/expand.h"

#include <fmt/format.h>

#include <optional>

#include "base/stop.h"
#include "expand/online.h"
#include "ledger/runs.h"
#include "sql/journal.h"

namespace backglance {
namespace {

// Runs a statement between two notes in the journal. The statement that makes the journal's own
// table is noted after it has run.
void run_statement(Session& session, const PlannedStatement& planned, JournalState& journal) {
  const StepStatement& statement = planned.statement;
  try {
    std::optional<std::int64_t> note;
    if (journal.is_there)
      note = journal_start(session, journal, planned.step, statement);
    session.execute(statement.sql);
    journal.has_run(statement);
    if (!note && journal.is_there)
      note = journal_start(session, journal, planned.step, statement);
    if (note)
      journal_finish(session, *note, "done");
  } catch (const Error& error) {
    throw error.within(fmt::format("{}, statement {}", planned.step, statement.number));
  }
}

// Runs one step under the write lock. It is planned again there, because another process may have
// run it since.
std::vector<PlannedStatement> run_step(Session& session, const std::string& step,
                                       const ExpandOptions& options) {
  Transaction transaction(session);
  const SchemaState state = read_schema_state(session);
  JournalState journal = find_journal(state.catalog);
  std::vector<PlannedStatement> done;
  for (PlannedStatement& planned : plan_expand(state, session.engine(), options).statements) {
    if (planned.step != step)
      continue;
    run_statement(session, planned, journal);
    done.push_back(std::move(planned));
  }
  transaction.commit();
  return done;
}

}  // namespace

ExpandPlan expand(Session& session, const ExpandOptions& options) {
  if (session.engine().online_ddl)
    return expand_online(session, options);
  ExpandPlan result = plan_expand(read_schema_state(session), session.engine(), options);
  if (result.statements.empty())
    return result;
  // Each step is planned again; only statements that ran are returned.
  result.statements.clear();
  std::optional<Run> run;
  for (const std::string& step : expand_steps()) {
    if (run)
      run->look_at_orders();
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted between two steps; nothing is half done",
                  "backglance expand");
    for (PlannedStatement& done : run_step(session, step, options))
      result.statements.push_back(std::move(done));
    // The first step has made the ledger, so the run can be entered from here on.
    if (!run)
      run.emplace(session, "expand");
  }
  run->finish("done");
  return result;
}

}  // namespace backglance
