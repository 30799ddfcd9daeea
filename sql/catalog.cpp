#include "sql/catalog.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/text.h"

namespace backglance {
namespace {

CatalogTable read_table(Session& session, const std::string& name) {
  CatalogTable table;
  const auto& engine = session.engine();
  session.query(sql_text(engine, "catalog", "columns"), {{"table", name}}, [&](const SqlRow& row) {
    table.columns.push_back(
        {row.text_or_empty(0), row.text_or_empty(1), !row.truth(2), row.text(3)});
  });
  session.query(sql_text(engine, "catalog", "indexes"), {{"table", name}}, [&](const SqlRow& row) {
    const std::string index = row.text_or_empty(0);
    if (table.indexes.empty() || table.indexes.back().name != index)
      table.indexes.push_back({index, {}, row.truth(1), row.truth(2)});
    table.indexes.back().columns.push_back(row.text_or_empty(3));
  });
  return table;
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
  for (auto& [name, table] : catalog)
    table = read_table(session, name);
  return catalog;
}

bool has_columns(Session& session, const std::string& name) {
  return session.first_row(sql_text(session.engine(), "catalog", "columns"), {{"table", name}})
      .has_value();
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
