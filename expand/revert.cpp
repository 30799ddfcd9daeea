#include <fmt/format.h>

#include <set>

#include "expand/expand.h"
#include "sql/journal.h"
#include "sql/runs.h"

namespace backglance {
namespace {

void require_empty_ledger(Session& session) {
  const auto results =
      session.count("SELECT COUNT(*) FROM backglance_item WHERE result IS NOT NULL");
  const auto flags = session.count("SELECT COUNT(*) FROM backglance_signature");
  const auto removed = session.count("SELECT COUNT(*) FROM backglance_removed");
  if (results + flags + removed > 0)
    throw Error(ErrorKind::gate,
                fmt::format("the ledger holds {} results, {} flags with their dates and {} removed "
                            "properties, which a revert would lose",
                            results, flags, removed),
                "backglance contract --uninstall");
}

// True if the journal says that we made every object of the step that is there.
bool is_ours(Session& session, const EngineFacts& engine, const std::string& step) {
  std::set<std::string> objects;
  std::set<std::string> made;
  for (const StepStatement& statement : step_statements(engine, step, "expand")) {
    if (statement.kind != "column" && statement.kind != "index")
      continue;
    objects.insert(statement.names.begin(), statement.names.end());
    if (journal_has(session, step, statement.sql))
      made.insert(statement.names.begin(), statement.names.end());
  }
  return made == objects;
}

struct GlanceStep {
  const std::string& step;
  const char* what;
  bool there;
  bool promised;
  const char* used_query;  // how many rows hold a value that dropping the columns would lose
};

void plan_glance_revert(ExpandPlan& plan, Session& session, const SchemaState& state,
                        const GlanceStep& step) {
  if (!step.there)
    return;
  if (step.promised) {
    plan.notes.push_back(fmt::format("{} stay: alembic_version ({}) promises them to Glance",
                                     step.what, fmt::join(state.revisions.rows, ", ")));
  } else if (!is_ours(session, session.engine(), step.step)) {
    plan.notes.push_back(
        fmt::format("{} stay: the journal does not say that backglance made them", step.what));
  } else if (session.count(sql_text(session.engine(), "images", step.used_query)) > 0) {
    plan.notes.push_back(fmt::format("{} stay: images hold values in them", step.what));
  } else {
    for (StepStatement& statement : step_statements(session.engine(), step.step, "revert"))
      plan.statements.push_back({step.step, std::move(statement)});
  }
}

}  // namespace

ExpandPlan plan_revert(Session& session, const SchemaState& state) {
  require_glance(state);
  ExpandPlan plan;
  if (!state.has_ledger) {
    plan.notes.emplace_back("backglance's own tables are not there: nothing of it to take back");
    return plan;
  }
  require_own_tables(state, session.engine());
  require_empty_ledger(session);
  const auto& steps = expand_steps();
  plan_glance_revert(plan, session, state,
                     {steps[2], "images.os_hash_algo, images.os_hash_value and their index",
                      state.has_os_hash, state.revisions.promises_os_hash, "published_hashes"});
  plan_glance_revert(plan, session, state,
                     {steps[1], "images.os_hidden and its index", state.has_os_hidden,
                      state.revisions.promises_os_hidden, "hidden_images"});
  for (StepStatement& statement : step_statements(session.engine(), steps[0], "uninstall"))
    plan.statements.push_back({steps[0], std::move(statement)});
  return plan;
}

ExpandPlan revert_expand(Session& session) {
  const SchemaState before = read_schema_state(session);
  ExpandPlan plan = plan_revert(session, before);
  if (plan.statements.empty())
    return plan;
  Run run(session, "expand");
  Transaction transaction(session);
  plan = plan_revert(session, read_schema_state(session));
  for (const PlannedStatement& planned : plan.statements) {
    try {
      session.execute(planned.statement.sql);
    } catch (const Error& error) {
      throw error.within(
          fmt::format("{}, revert statement {}", planned.step, planned.statement.number));
    }
  }
  transaction.commit();
  run.forget();
  return plan;
}

}  // namespace backglance
