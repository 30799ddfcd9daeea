// SPDX-License-Identifier: Apache-2.0
#include "sql/schema_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "sql/retry.h"
#include "sql/rights.h"
#include "version.h"

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
// a setting of the server can also forbid it.
bool takes_instant_columns(Session& session) {
  const auto format = session.first_row(sql_text(session.engine(), "catalog", "row_format"));
  const auto setting = session.first_row(sql_text(session.engine(), "catalog", "instant_setting"));
  return !(format && format->text_or_empty(0) == "compressed") &&
         !(setting && lower_ascii(setting->text_or_empty(1)) == "never");
}

}  // namespace

void require_own_tables(const SchemaState& state, const EngineFacts& engine) {
  require_known_ledger(state);
  // A newer program that was killed while it upgraded leaves a table and no version row yet. What
  // this program does not know it must neither drop nor leave behind.
  const auto& ours = ledger_tables();
  for (const auto& [name, table] : state.catalog)
    if (name.starts_with("backglance_") && std::find(ours.begin(), ours.end(), name) == ours.end())
      throw Error(
          ErrorKind::schema_state,
          fmt::format("table {} has a name of backglance's, and this program (backglance {}) "
                      "does not know it; nothing was changed",
                      printable(name), kVersion),
          "the same command with the newest backglance that was used here");
  for (const std::string& step : ledger_steps()) {
    for (const StepStatement& statement : step_statements(engine, step, "expand")) {
      if (statement.kind != "table")
        continue;
      const std::string difference = table_difference(state.catalog, statement);
      if (!difference.empty())
        throw Error(ErrorKind::schema_state, difference + "; nothing was changed");
    }
  }
}

namespace {

// The highest version that the ledger has a row for. A table of that name with other columns is not
// ours, which require_own_tables says.
void read_ledger_version(Session& session, SchemaState& state) {
  state.ledger_version = state.has_ledger ? 1 : 0;
  const auto table = state.catalog.find("backglance_ledger");
  if (table == state.catalog.end() || table->second.column("version") == nullptr ||
      table->second.column("program") == nullptr)
    return;
  const auto row = session.first_row(
      "SELECT version, program FROM backglance_ledger ORDER BY version DESC LIMIT 1");
  if (!row)
    return;
  const auto version = row->integer_or(0, state.ledger_version);
  state.ledger_version = static_cast<int>(
      std::clamp<std::int64_t>(version, state.ledger_version, std::numeric_limits<int>::max()));
  state.ledger_program = row->text_or_empty(1);
}

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
      !session.engine().hides_triggers || missing_rights(session, RightsFor::see_guard).empty();
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
  const auto is_there = [&](const std::string& name) { return state.catalog.contains(name); };
  const auto& first = first_ledger_tables();
  state.has_ledger = std::all_of(first.begin(), first.end(), is_there);
  state.has_whole_ledger = has_whole_ledger(state.catalog);
  read_ledger_version(session, state);
  // Asked where something is still to be made: every command reads the state as it begins.
  if (state.is_glance && !(state.has_os_hidden && state.has_os_hash))
    state.instant_columns = takes_instant_columns(session);
  if (state.is_glance && !state.has_whole_ledger)
    if (const auto row =
            session.first_row(sql_text(session.engine(), "catalog", "images_collation")))
      state.images_collation = row->text_or_empty(0);
  return state;
}

}  // namespace

SchemaState read_schema_state(Session& session) {
  // On Galera a schema statement of another node breaks off the reads of its table. If a lock is
  // not granted or the server is away, say so within seconds: an operator waits for this.
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

void require_known_ledger(const SchemaState& state) {
  if (state.ledger_version <= known_ledger_version())
    return;
  throw Error(
      ErrorKind::schema_state,
      fmt::format("the ledger (backglance's own tables) has version {}, made by backglance "
                  "{}; this program is backglance {} and knows versions up to {}; nothing "
                  "was changed",
                  state.ledger_version, printable(state.ledger_program), kVersion,
                  known_ledger_version()),
      fmt::format("the same command with backglance {} or later", printable(state.ledger_program)));
}

void require_writable_ledger(const SchemaState& state) {
  require_known_ledger(state);
  if (!state.has_ledger)
    return;
  if (state.ledger_version < known_ledger_version())
    throw Error(ErrorKind::schema_state,
                fmt::format("the ledger (backglance's own tables) has version {}, and this program "
                            "writes version {}; nothing was changed",
                            state.ledger_version, known_ledger_version()),
                "backglance expand");
  if (!state.has_whole_ledger)
    throw Error(ErrorKind::schema_state,
                "a table, a column or an index of the ledger (backglance's own tables) is missing; "
                "nothing was changed",
                "backglance expand");
}

void require_writable(const SchemaState& state) {
  require_expanded(state);
  require_writable_ledger(state);
}

}  // namespace backglance
