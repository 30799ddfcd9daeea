// SPDX-License-Identifier: Apache-2.0
#include "sql/ledger_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/text.h"

namespace backglance {
namespace {

// Names of tables and columns are the same on every engine, only their types differ, so any
// engine's files will do here. A unit test compares them.
const EngineFacts& any_engine() {
  return engine_facts(Engine::sqlite);
}

bool is_ledger_step(const std::string& step) {
  const auto statements = step_statements(any_engine(), step, "expand");
  return std::all_of(statements.begin(), statements.end(), [](const StepStatement& statement) {
    return statement.table.starts_with("backglance_");
  });
}

// "0005_ledger_version" of "sql/0005_ledger_version/expand.sql", empty of any other file.
std::string step_of_file(std::string_view name) {
  const auto parts = split(std::string(name), '/');
  if (parts.size() < 3 || !parts.back().starts_with("expand."))
    return {};
  return parts.at(parts.size() - 2);
}

std::vector<std::string> find_ledger_steps() {
  std::set<std::string> steps;  // the order of numbers is that of names
  for (const EmbeddedFile& file : sql_files()) {
    const std::string step = step_of_file(file.name);
    if (!step.empty() && is_ledger_step(step))
      steps.insert(step);
  }
  return {steps.begin(), steps.end()};
}

// Every statement of the ledger's steps, in the order in which expand runs them.
const std::vector<StepStatement>& ledger_statements() {
  static const auto statements = [] {
    std::vector<StepStatement> all;
    for (const std::string& step : ledger_steps())
      for (StepStatement& statement : step_statements(any_engine(), step, "expand"))
        all.push_back(std::move(statement));
    return all;
  }();
  return statements;
}

std::vector<std::string> tables_of(const std::vector<StepStatement>& statements) {
  std::vector<std::string> tables;
  for (const StepStatement& statement : statements)
    if (statement.kind == "table")
      tables.push_back(statement.table);
  return tables;
}

// The first word of each line of a CREATE TABLE's body: its columns, as our files write them.
std::vector<std::string> columns_of_create_table(const std::string& sql) {
  std::vector<std::string> names;
  std::istringstream lines(sql);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const auto text = trim(line);
    if (!text.starts_with(')') && !text.starts_with("PRIMARY KEY"))
      names.emplace_back(text.substr(0, text.find(' ')));
  }
  return names;
}

}  // namespace

const std::vector<std::string>& ledger_steps() {
  static const std::vector<std::string> steps = find_ledger_steps();
  return steps;
}

int known_ledger_version() {
  static const int version = [] {
    int highest = 1;
    for (const StepStatement& statement : ledger_statements())
      if (statement.kind == "ledger")
        highest = std::max(highest, std::stoi(statement.name));
    return highest;
  }();
  return version;
}

const std::vector<std::string>& ledger_tables() {
  static const std::vector<std::string> tables = tables_of(ledger_statements());
  return tables;
}

const std::vector<std::string>& first_ledger_tables() {
  static const std::vector<std::string> tables =
      tables_of(step_statements(any_engine(), kLedgerStep, "expand"));
  return tables;
}

std::string table_difference(const Catalog& catalog, const StepStatement& makes) {
  const auto table = catalog.find(makes.table);
  if (table == catalog.end())
    return {};
  std::vector<std::string> there;
  for (const CatalogColumn& column : table->second.columns)
    there.push_back(column.name);
  auto ours = columns_of_create_table(makes.sql);
  const auto first = ours.size();
  for (const StepStatement& statement : ledger_statements())
    if (statement.kind == "column" && statement.table == makes.table)
      ours.insert(ours.end(), statement.names.begin(), statement.names.end());
  // An upgrade adds columns one by one and may be killed after each.
  const bool is_ours = there.size() >= first && there.size() <= ours.size() &&
                       std::equal(there.begin(), there.end(), ours.begin());
  if (is_ours)
    return {};
  return fmt::format("table {} has the columns ({}), ours would have ({})", makes.table,
                     printable(join(there, ", "), 600), join(ours, ", "));
}

bool has_whole_ledger(const Catalog& catalog) {
  const auto is_there = [&](const StepStatement& statement) {
    const auto table = catalog.find(statement.table);
    if (table == catalog.end())
      return false;
    return std::all_of(statement.names.begin(), statement.names.end(),
                       [&](const std::string& name) {
                         if (statement.kind == "column")
                           return table->second.column(name) != nullptr;
                         if (statement.kind != "index")
                           return true;  // the table itself, or the row with its version, which is
                                         // judged by itself
                         // Unfinished, after a killed build: expand makes it anew.
                         const CatalogIndex* index = table->second.index(name);
                         return index != nullptr && index->valid;
                       });
  };
  return std::all_of(ledger_statements().begin(), ledger_statements().end(), is_there);
}

std::vector<LedgerRemoval> ledger_removal(const Catalog& catalog, const EngineFacts& engine) {
  std::vector<LedgerRemoval> removal;
  const auto& steps = ledger_steps();
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    // A column goes with its table.
    if (tables_of(step_statements(engine, *step, "expand")).empty())
      continue;
    for (StepStatement& statement : step_statements(engine, *step, "uninstall"))
      if (catalog.contains(statement.table))
        removal.push_back({*step, std::move(statement)});
  }
  return removal;
}

}  // namespace backglance
