// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "expand/plan.h"
#include "sql/guard.h"

namespace backglance {
namespace {

// Whether an object exists, and is the one that expand would make.
enum class Presence { absent, exact, conflicting, building };

struct Finding {
  Presence presence = Presence::absent;
  // If conflicting: the object that exists and the one that belongs there. If building: the session
  // that builds it.
  std::string difference;
};

// The column as Glance makes it; nothing for another name.
std::optional<CatalogColumn> glance_column(const EngineFacts& engine, std::string_view name) {
  const auto varchar = [&](int length) {
    return fmt::format("{}({})", engine.varchar_type, length);
  };
  if (name == "os_hidden")
    return CatalogColumn{std::string(name), std::string(engine.boolean_type), false,
                         std::string(engine.boolean_false_default)};
  if (name == "os_hash_algo")
    return CatalogColumn{std::string(name), varchar(64), true, std::nullopt};
  if (name == "os_hash_value")
    return CatalogColumn{std::string(name), varchar(128), true, std::nullopt};
  return std::nullopt;
}

// The words between the first '(' and the last ')' of a statement: a list of names.
std::vector<std::string> names_in_parentheses(const std::string& sql) {
  const auto open = sql.find('(');
  std::vector<std::string> names;
  for (const std::string& name : split(sql.substr(open + 1, sql.rfind(')') - open - 1), ','))
    names.emplace_back(trim(name));
  return names;
}

Finding find_table(const SchemaState& state, const StepStatement& statement) {
  if (!state.catalog.contains(statement.table))
    return {};
  const std::string difference = table_difference(state.catalog, statement);
  return {difference.empty() ? Presence::exact : Presence::conflicting, difference};
}

Finding find_column(const SchemaState& state, const EngineFacts& engine,
                    const StepStatement& statement, const std::string& name) {
  const auto table = state.catalog.find(statement.table);
  const CatalogColumn* there = table == state.catalog.end() ? nullptr : table->second.column(name);
  if (there == nullptr)
    return {};
  // For our own tables, only the names of columns count; find_table has compared them.
  if (statement.table != "images")
    return {Presence::exact, {}};
  const CatalogColumn ours = glance_column(engine, name).value();
  if (*there == ours)
    return {Presence::exact, {}};
  return {Presence::conflicting, fmt::format("column {}.{} is {}; Glance's is {}", statement.table,
                                             name, describe(*there), describe(ours))};
}

Finding find_index(const SchemaState& state, const EngineFacts& engine,
                   const StepStatement& statement) {
  for (const auto& [table_name, table] : state.catalog) {
    const CatalogIndex* there = table.index(statement.name);
    // On some engines, the name of an index is unique in the whole database.
    if (there == nullptr || (!engine.index_names_are_global && table_name != statement.table))
      continue;
    if (!there->valid && table_name == statement.table)
      return {there->builder.empty() ? Presence::absent  // its repair statement comes first
                                     : Presence::building,
              there->builder};
    const CatalogIndex ours{statement.name, names_in_parentheses(statement.sql), false, false};
    if (*there == ours && table_name == statement.table)
      return {Presence::exact, {}};
    return {Presence::conflicting,
            fmt::format("index {} is: {} of {}; backglance's is: {} of {}", statement.name,
                        describe(*there), table_name, describe(ours), statement.table)};
  }
  return {};
}

Finding find_routine(const SchemaState& state, const StepStatement& statement) {
  if (!has_routine(state, statement))
    return {};
  const std::string difference = routine_difference(state, statement);
  return {difference.empty() ? Presence::exact : Presence::conflicting, difference};
}

// True for an index that a killed build has left unfinished.
bool is_broken_index(const SchemaState& state, const StepStatement& statement) {
  const CatalogIndex* there = state.catalog.at(statement.table).index(statement.name);
  return there != nullptr && !there->valid && there->builder.empty();
}

Finding find_object(const SchemaState& state, const EngineFacts& engine,
                    const StepStatement& statement, const std::string& name) {
  if (statement.kind == "table")
    return find_table(state, statement);
  if (statement.kind == "column")
    return find_column(state, engine, statement, name);
  if (statement.kind == "trigger" || statement.kind == "function")
    return find_routine(state, statement);
  if (statement.kind == "ledger")
    return {state.ledger_version >= std::stoi(statement.name) ? Presence::exact : Presence::absent,
            {}};
  return find_index(state, engine, statement);
}

// Throws Error{schema_state} for a revision that expand cannot upgrade.
void require_revision(const SchemaState& state) {
  const Revisions& revisions = state.revisions;
  if (!state.has_alembic)
    throw Error(ErrorKind::schema_state,
                "there is no table alembic_version: the schema is older than Ocata, or its version "
                "was lost",
                "glance-manage db version");
  switch (revisions.phase) {
    case RevisionPhase::queens:
    case RevisionPhase::rocky01:
    case RevisionPhase::hashed:
      return;
    case RevisionPhase::none:
      throw Error(
          ErrorKind::schema_state,
          "alembic_version has no row: Glance's schema was never set up, or its version was lost",
          revisions.repair.empty() ? "glance-manage db version" : revisions.repair);
    case RevisionPhase::before_queens:
    case RevisionPhase::unknown:
    case RevisionPhase::inconsistent:
      throw Error(ErrorKind::schema_state, revisions.reason, revisions.repair);
  }
}

// How much of one step exists already.
struct StepSurvey {
  std::vector<StepStatement> missing;  // objects
  std::vector<std::string> present;    // "column os_hash_algo"
  std::vector<std::string> missing_names;
  std::vector<StepStatement> revisions;  // the alternatives for the row
  std::vector<std::string> builds;       // indexes that other sessions are building
};

void add_new(std::vector<std::string>& list, const std::string& one) {
  if (std::find(list.begin(), list.end(), one) == list.end())
    list.push_back(one);
}

// Compares the step's objects with the catalogue. Throws Error{schema_state} for an object that is
// not the one that expand would make.
StepSurvey survey_step(const SchemaState& state, const EngineFacts& engine,
                       const std::string& step) {
  StepSurvey survey;
  for (StepStatement& statement : step_statements(engine, step, "expand")) {
    if (statement.kind == "revision") {
      survey.revisions.push_back(std::move(statement));
      continue;
    }
    if (statement.kind == "repair") {
      if (is_broken_index(state, statement))
        survey.missing.push_back(std::move(statement));
      continue;
    }
    std::vector<std::string> missing;
    for (const std::string& name : statement.names) {
      const Finding finding = find_object(state, engine, statement, name);
      if (finding.presence == Presence::conflicting)
        throw Error(ErrorKind::schema_state, finding.difference + "; nothing was changed");
      const std::string object = statement.kind + " " + name;
      if (finding.presence == Presence::building) {
        survey.builds.push_back(fmt::format("{} is being built by {}", object, finding.difference));
        continue;
      }
      if (finding.presence == Presence::exact)
        add_new(survey.present, object);
      else if (std::find(survey.missing_names.begin(), survey.missing_names.end(), object) ==
               survey.missing_names.end())
        missing.push_back(object);
    }
    // A statement for several objects runs only if all of them are missing. Otherwise the
    // statements for one object each follow.
    if (missing.size() < statement.names.size())
      continue;
    survey.missing_names.insert(survey.missing_names.end(), missing.begin(), missing.end());
    survey.missing.push_back(std::move(statement));
  }
  return survey;
}

// `promised`: a revision row says that Glance has run this step.
void plan_glance_step(ExpandPlan& plan, const SchemaState& state, const StepSurvey& survey,
                      const std::string& step, bool promised, const ExpandOptions& options) {
  const std::string revision = survey.revisions.front().name;
  if (promised && !survey.missing.empty() && !options.repair)
    throw Error(
        ErrorKind::schema_state,
        fmt::format("alembic_version ({}) promises {}, but images lacks: {}; nothing was changed",
                    join(state.revisions.rows, ", "), revision, join(survey.missing_names, ", ")),
        "backglance expand --repair");
  if (!survey.missing.empty() && (promised || !survey.present.empty()))
    plan.notes.push_back(
        fmt::format("{} was found half done: there is {}, but not {}", revision,
                    survey.present.empty() ? std::string("its row") : join(survey.present, ", "),
                    join(survey.missing_names, ", ")));
  if (!promised && survey.missing.empty() && survey.builds.empty())
    plan.notes.push_back(fmt::format(
        "all of {} exists with Glance's own names and types, but alembic_version has no row for it",
        revision));
  for (const StepStatement& statement : survey.missing)
    plan.statements.push_back({step, statement});
  plan.builds.insert(plan.builds.end(), survey.builds.begin(), survey.builds.end());
  if (promised)
    return;

  // The new row replaces its ancestor's, if that row exists now or will by then.
  const auto will_be_there = [&](const std::string& row) {
    const auto& rows = state.revisions.rows;
    return std::find(rows.begin(), rows.end(), row) != rows.end() ||
           std::any_of(plan.statements.begin(), plan.statements.end(),
                       [&](const PlannedStatement& planned) {
                         return planned.statement.kind == "revision" &&
                                planned.statement.name == row;
                       });
  };
  for (const StepStatement& statement : survey.revisions) {
    if (statement.replaces.empty() || will_be_there(statement.replaces)) {
      plan.statements.push_back({step, statement});
      return;
    }
  }
}

}  // namespace

const std::vector<std::string>& expand_steps() {
  static const std::vector<std::string> steps = [] {
    std::vector<std::string> all = ledger_steps();
    for (const std::string_view step : {kOsHiddenStep, kOsHashStep, kGuardStep})
      all.emplace_back(step);
    return all;
  }();
  return steps;
}

ExpandPlan plan_expand(const SchemaState& state, const EngineFacts& engine,
                       const ExpandOptions& options) {
  require_glance(state);
  require_revision(state);
  require_known_ledger(state);
  ExpandPlan plan;
  for (const std::string& step : ledger_steps()) {
    for (StepStatement& statement : survey_step(state, engine, step).missing) {
      // Our columns with image ids are compared with images.id, so they need its collation.
      replace_all(statement.sql, "{images_collation}", state.images_collation);
      plan.statements.push_back({step, std::move(statement)});
    }
  }
  if (state.has_ledger && state.ledger_version < known_ledger_version())
    plan.notes.push_back(fmt::format(
        "the ledger (backglance's own tables) has version {}; expand upgrades it to version {}",
        state.ledger_version, known_ledger_version()));
  const std::string os_hidden(kOsHiddenStep);
  const std::string os_hash(kOsHashStep);
  // The same statements, with other words for a server that cannot add columns instantly.
  const EngineFacts words = state.instant_columns ? engine : rebuilding(engine);
  const StepSurvey hidden_survey = survey_step(state, words, os_hidden);
  const StepSurvey hash_survey = survey_step(state, words, os_hash);
  plan_glance_step(plan, state, hidden_survey, os_hidden, state.revisions.promises_os_hidden,
                   options);
  plan_glance_step(plan, state, hash_survey, os_hash, state.revisions.promises_os_hash, options);
  if (options.guard)
    for (StepStatement& statement : survey_step(state, engine, std::string(kGuardStep)).missing)
      plan.statements.push_back({std::string(kGuardStep), std::move(statement)});
  return plan;
}

}  // namespace backglance
