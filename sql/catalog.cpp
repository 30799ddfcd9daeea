// SPDX-License-Identifier: Apache-2.0
#include "sql/catalog.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/build_progress.h"
#include "sql/text.h"

namespace backglance {
namespace {

void read_columns(Session& session, Catalog& catalog) {
  session.query(sql_text(session.engine(), "catalog", "columns"), {}, [&](const SqlRow& row) {
    const auto table = catalog.find(row.text_or_empty(0));
    if (table != catalog.end())
      table->second.columns.push_back(
          {row.text_or_empty(1), row.text_or_empty(2), !row.truth(3), row.text(4)});
  });
}

// False if one of them is not valid.
bool read_indexes(Session& session, Catalog& catalog) {
  for (auto& [name, table] : catalog)
    table.indexes.clear();
  bool all_valid = true;
  session.query(sql_text(session.engine(), "catalog", "indexes"), {}, [&](const SqlRow& row) {
    const auto table = catalog.find(row.text_or_empty(0));
    if (table == catalog.end())
      return;
    const std::string name = row.text_or_empty(1);
    auto& indexes = table->second.indexes;
    if (indexes.empty() || indexes.back().name != name)
      indexes.push_back({name, {}, row.truth(2), row.truth(3), row.truth(5), {}});
    indexes.back().columns.push_back(row.text_or_empty(4));
    all_valid = all_valid && row.truth(5);
  });
  return all_valid;
}

// Which sessions build indexes that are not valid yet, by the index's name.
std::map<std::string, std::string> builders(Session& session) {
  std::map<std::string, std::string> found;
  session.query(sql_text(session.engine(), "catalog", "builders"), {}, [&](const SqlRow& row) {
    const auto number = [&](std::size_t column) { return row.integer_or(column, 0); };
    std::string who = fmt::format("pid {}", number(1));
    const std::string progress = describe(BuildProgress{
        row.text_or_empty(2), number(3), number(4), number(5), number(6), number(7), number(8)});
    if (!progress.empty())
      who += ": " + progress;
    if (const std::string waits = row.text_or_empty(9); !waits.empty())
      who += ", waits for " + printable(waits);
    found[row.text_or_empty(0)] = who;
  });
  return found;
}

template <typename Facts>
const Facts* find_by_name(const std::vector<Facts>& list, std::string_view name) {
  for (const Facts& facts : list)
    if (facts.name == name)
      return &facts;
  return nullptr;
}

}  // namespace

const CatalogColumn* CatalogTable::column(std::string_view name) const {
  return find_by_name(columns, name);
}

const CatalogIndex* CatalogTable::index(std::string_view name) const {
  return find_by_name(indexes, name);
}

Catalog read_catalog(Session& session) {
  Catalog catalog;
  for (const SqlRow& row : session.rows(sql_text(session.engine(), "catalog", "tables")))
    catalog[row.text_or_empty(0)];
  read_columns(session, catalog);
  if (read_indexes(session, catalog))
    return catalog;
  const auto building = builders(session);
  // Once more: a build that ended between the two queries would look like one that nobody runs.
  read_indexes(session, catalog);
  for (auto& [table_name, table] : catalog)
    for (CatalogIndex& index : table.indexes)
      if (const auto builder = building.find(index.name); !index.valid && builder != building.end())
        index.builder = builder->second;
  return catalog;
}

std::vector<std::string> view_names(Session& session) {
  std::vector<std::string> names;
  for (const SqlRow& row : session.rows(sql_text(session.engine(), "catalog", "views")))
    names.push_back(row.text_or_empty(0));
  return names;
}

std::vector<CatalogRoutine> read_routines(Session& session) {
  std::vector<CatalogRoutine> routines;
  session.query(sql_text(session.engine(), "catalog", "routines"), {}, [&](const SqlRow& row) {
    routines.push_back(
        {row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2), row.text_or_empty(3)});
  });
  return routines;
}

std::string describe(const CatalogColumn& column) {
  return fmt::format("{}, {}, default {}", printable(column.type),
                     column.nullable ? "nullable" : "not null",
                     printable(column.default_value.value_or("none")));
}

std::string describe(const CatalogIndex& index) {
  return fmt::format("{}{}index on ({})", index.unique ? "unique " : "",
                     index.partial ? "partial " : "", printable(join(index.columns, ", ")));
}

}  // namespace backglance
