// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "expand/expand.h"
#include "expand/online.h"
#include "ledger/runs.h"
#include "sql/guard.h"
#include "sql/journal.h"

namespace backglance {
namespace {

void require_empty_ledger(Session& session, const SchemaState& state) {
  const auto count = [&](const char* table, const std::string& condition) {
    return state.catalog.contains(table)
               ? session.count(fmt::format("SELECT COUNT(*) FROM {}{}", table, condition))
               : 0;
  };
  const auto results = count("backglance_item", " WHERE result IS NOT NULL");
  const auto flags = count("backglance_signature", "");
  const auto removed = count("backglance_removed", "");
  if (results + flags + removed > 0)
    throw Error(ErrorKind::gate,
                fmt::format("the ledger holds {} results, {} flags with their dates and {} removed "
                            "properties, which a revert would lose",
                            results, flags, removed),
                "backglance contract --uninstall");
}

// True if the journal says that we made every object of the step that is there.
bool is_ours(Session& session, const SchemaState& state, const std::string& step) {
  if (!state.catalog.contains("backglance_step"))
    return false;
  std::set<std::string> objects;
  std::set<std::string> made;
  // The journal has the statement's text, and that may have been the other one when expand ran.
  for (const EngineFacts& words : {session.engine(), rebuilding(session.engine())}) {
    for (const StepStatement& statement : step_statements(words, step, "expand")) {
      if (statement.kind != "column" && statement.kind != "index")
        continue;
      objects.insert(statement.names.begin(), statement.names.end());
      if (journal_has(session, step, statement.sql))
        made.insert(statement.names.begin(), statement.names.end());
    }
  }
  return made == objects;
}

// False if a killed revert has removed the object already.
bool is_there(const SchemaState& state, const StepStatement& statement) {
  const auto table = state.catalog.find(statement.table);
  if (table == state.catalog.end())
    return false;
  if (statement.kind == "index")
    return table->second.index(statement.name) != nullptr;
  return statement.kind != "column" || table->second.column(statement.name) != nullptr;
}

struct GlanceStep {
  const std::string& step;
  const char* what;
  bool there;
  bool promised;
  const char* used_query;  // counts the rows whose value would be lost with the columns
};

// Plans the removal of one of Glance's steps, or notes why it stays.
void plan_glance_revert(ExpandPlan& plan, Session& session, const SchemaState& state,
                        const GlanceStep& step) {
  if (!step.there)
    return;
  if (step.promised) {
    plan.notes.push_back(fmt::format("{} are kept: alembic_version ({}) promises them to Glance",
                                     step.what, fmt::join(state.revisions.rows, ", ")));
  } else if (!is_ours(session, state, step.step)) {
    plan.notes.push_back(fmt::format(
        "{} are kept: backglance's journal does not say that backglance created them", step.what));
  } else if (session.count(sql_text(session.engine(), "images", step.used_query)) > 0) {
    plan.notes.push_back(fmt::format("{} are kept: images have values in them", step.what));
  } else {
    for (StepStatement& statement : step_statements(session.engine(), step.step, "revert"))
      if (is_there(state, statement))
        plan.statements.push_back({step.step, std::move(statement)});
  }
}

}  // namespace

ExpandPlan plan_revert(Session& session, const SchemaState& state, const ExpandOptions& options) {
  require_glance(state);
  require_known_ledger(state);
  ExpandPlan plan;
  // The guard names the columns, so it is removed before them.
  for (StepStatement& statement : guard_removal(state, session.engine()))
    plan.statements.push_back({std::string(kGuardStep), std::move(statement)});
  if (options.guard)
    return plan;
  const auto& tables = ledger_tables();
  if (std::none_of(tables.begin(), tables.end(),
                   [&](const std::string& table) { return state.catalog.contains(table); })) {
    if (plan.statements.empty())
      plan.notes.emplace_back("backglance's own tables do not exist: there is nothing to revert");
    return plan;
  }
  require_own_tables(state, session.engine());
  require_empty_ledger(session, state);
  // In the opposite order of expand; our own tables go last, because the journal says what is ours.
  const std::string os_hidden(kOsHiddenStep);
  const std::string os_hash(kOsHashStep);
  plan_glance_revert(plan, session, state,
                     {os_hash, "images.os_hash_algo, images.os_hash_value and their index",
                      state.has_os_hash, state.revisions.promises_os_hash, "published_hashes"});
  plan_glance_revert(plan, session, state,
                     {os_hidden, "images.os_hidden and its index", state.has_os_hidden,
                      state.revisions.promises_os_hidden, "hidden_images"});
  for (LedgerRemoval& one : ledger_removal(state.catalog, session.engine()))
    plan.statements.push_back({std::move(one.step), std::move(one.statement)});
  return plan;
}

ExpandPlan revert_expand(Session& session, const ExpandOptions& options) {
  const SchemaState before = read_schema_state(session);
  ExpandPlan plan = plan_revert(session, before, options);
  if (plan.statements.empty())
    return plan;
  if (session.engine().online_ddl)
    return revert_online(session, options);
  std::optional<Run> run;
  if (before.has_ledger)
    run.emplace(session, "expand revert");
  Transaction transaction(session);
  // Planned again under the write lock: images may have got values since.
  plan = plan_revert(session, read_schema_state(session), options);
  for (const PlannedStatement& planned : plan.statements) {
    try {
      session.execute(planned.statement.sql);
    } catch (const Error& error) {
      throw error.within(
          fmt::format("{}, revert statement {}", planned.step, planned.statement.number));
    }
  }
  transaction.commit();
  if (run && options.guard)
    run->finish("done");
  else if (run)
    // The tables are gone, and the run's row with them.
    run->forget();
  return plan;
}

}  // namespace backglance
