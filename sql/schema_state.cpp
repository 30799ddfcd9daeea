// SPDX-License-Identifier: Apache-2.0
#include "sql/schema_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/text.h"
#include "sql/retry.h"
#include "sql/rights.h"

namespace backglance {
namespace {

// Columns of `images` that every release since Ocata has and that this program reads.
constexpr std::array kImageColumns = {"id",      "name",  "size",    "status",
                                      "deleted", "owner", "checksum"};
// What they hold is read as well: tasks say whether an import is alive.
constexpr std::array kOtherTables = {"image_properties", "image_locations", "image_tags", "tasks"};

bool looks_like_glance(const Catalog& catalog) {
  const auto images = catalog.find("images");
  if (images == catalog.end())
    return false;
  const bool columns =
      std::all_of(kImageColumns.begin(), kImageColumns.end(),
                  [&](const char* name) { return images->second.column(name) != nullptr; });
  return columns && std::all_of(kOtherTables.begin(), kOtherTables.end(),
                                [&](const char* name) { return catalog.contains(name); });
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

// Of alembic_version, sorted; none where it is not there, or not alembic's.
std::vector<std::string> revision_rows(Session& session) {
  std::vector<std::string> rows;
  if (session.rows(sql_text(session.engine(), "catalog", "version_column")).empty())
    return rows;
  for (const SqlRow& row : session.rows("SELECT version_num FROM alembic_version"))
    rows.push_back(row.text_or_empty(0));
  std::sort(rows.begin(), rows.end());
  return rows;
}

// InnoDB compresses whole pages, which has no room for what a column added in the dictionary needs;
// a server can also be told to leave that be.
bool takes_instant_columns(Session& session) {
  const auto format = session.first_row(sql_text(session.engine(), "catalog", "row_format"));
  const auto setting = session.first_row(sql_text(session.engine(), "catalog", "instant_setting"));
  return !(format && format->text_or_empty(0) == "compressed") &&
         !(setting && lower_ascii(setting->text_or_empty(1)) == "never");
}

}  // namespace

std::string table_difference(const Catalog& catalog, const StepStatement& makes) {
  const auto table = catalog.find(makes.table);
  if (table == catalog.end())
    return {};
  std::vector<std::string> there;
  for (const CatalogColumn& column : table->second.columns)
    there.push_back(column.name);
  const auto ours = columns_of_create_table(makes.sql);
  if (there == ours)
    return {};
  return fmt::format("table {} has the columns ({}), ours would have ({})", makes.table,
                     printable(join(there, ", "), 600), join(ours, ", "));
}

void require_own_tables(const SchemaState& state, const EngineFacts& engine) {
  for (const StepStatement& statement : step_statements(engine, "0001_ledger", "expand")) {
    if (statement.kind != "table")
      continue;
    const std::string difference = table_difference(state.catalog, statement);
    if (!difference.empty())
      throw Error(ErrorKind::schema_state, difference + "; nothing was changed");
  }
}

const std::vector<std::string>& ledger_tables() {
  static const std::vector<std::string> tables = {
      "backglance_step",       "backglance_run",    "backglance_control",   "backglance_item",
      "backglance_checkpoint", "backglance_verify", "backglance_signature", "backglance_removed"};
  return tables;
}

namespace {

SchemaState read_once(Session& session) {
  SchemaState state;
  // Another run, or glance-manage, may change both meanwhile: a catalogue read before its last
  // statement and a row read after it would say together that the schema is broken. Rows that stood
  // before the catalogue was read and still stand after it are hardly ever those of another.
  std::vector<std::string> rows;
  do {
    rows = revision_rows(session);
    state.catalog = read_catalog(session);
  } while (rows != revision_rows(session));
  state.routines = read_routines(session);
  state.shows_routines =
      !session.engine().hides_triggers || missing_rights(session, RightsFor::guard).empty();
  const auto& ours = ledger_tables();
  for (const std::string& name : view_names(session))
    if (std::find(ours.begin(), ours.end(), name) != ours.end())
      throw Error(ErrorKind::schema_state,
                  name + " is a view, and ours would be a table of that name; nothing was changed");
  state.is_glance = looks_like_glance(state.catalog);
  state.has_alembic = state.catalog.contains("alembic_version");
  state.revisions = judge_revisions(std::move(rows));
  if (state.is_glance) {
    const CatalogTable& images = state.catalog.at("images");
    state.has_os_hidden = images.column("os_hidden") != nullptr;
    state.has_os_hash =
        images.column("os_hash_algo") != nullptr && images.column("os_hash_value") != nullptr;
  }
  state.has_ledger =
      std::all_of(ledger_tables().begin(), ledger_tables().end(),
                  [&](const std::string& name) { return state.catalog.contains(name); });
  // Asked where something is still to be made: every command reads the state as it begins.
  if (state.is_glance && !(state.has_os_hidden && state.has_os_hash))
    state.instant_columns = takes_instant_columns(session);
  if (state.is_glance && !state.has_ledger)
    if (const auto row =
            session.first_row(sql_text(session.engine(), "catalog", "images_collation")))
      state.images_collation = row->text_or_empty(0);
  return state;
}

}  // namespace

SchemaState read_schema_state(Session& session) {
  // On Galera a schema statement of another node breaks off the reads of its table. A lock that is
  // waited for in vain is told of at once, and a server that is away soon: an operator waits for
  // this.
  return retry(session, [&] { return read_once(session); },
               {.waited = 1, .away = std::chrono::seconds(5)});
}

void require_glance(const SchemaState& state) {
  if (!state.is_glance)
    throw Error(ErrorKind::schema_state,
                state.catalog.empty()
                    ? "the database is empty: it has no Glance tables"
                    : "this is not a Glance database: its table images, or a column of it, or one "
                      "of the tables " +
                          join({kOtherTables.begin(), kOtherTables.end()}, ", ") + " is missing");
}

void require_os_hash(const SchemaState& state) {
  require_glance(state);
  if (!state.has_os_hash)
    throw Error(ErrorKind::schema_state, "images has no os_hash_algo and os_hash_value yet",
                "backglance expand");
}

void require_expanded(const SchemaState& state) {
  require_os_hash(state);
  require_ledger(state);
}

void require_ledger(const SchemaState& state) {
  require_glance(state);
  if (!state.has_ledger)
    throw Error(ErrorKind::schema_state, "backglance's own tables are not there yet",
                "backglance expand");
}

}  // namespace backglance
