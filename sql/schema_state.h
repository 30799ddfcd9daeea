// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/revisions.h"
#include "sql/catalog.h"
#include "sql/text.h"

namespace backglance {

// The state of the schema, read from the catalogue and the rows of alembic_version.
struct SchemaState {
  Catalog catalog;
  std::vector<CatalogRoutine> routines;
  bool shows_routines = true;  // whether the server shows all of them to this account
  Revisions revisions;
  bool is_glance = false;      // has the tables that are read, and images has Glance's columns
  bool has_alembic = false;    // has the table alembic_version
  bool has_os_hidden = false;  // has the column, of any type
  bool has_os_hash = false;    // has both hash columns, of any type
  bool has_ledger = false;     // has every table of ours
  // Whether a column can be added to images without a rebuild. Only examined if one is missing.
  bool instant_columns = true;
  // The words for the collation of images.id in a CREATE TABLE. Empty if no words are needed, and
  // if the ledger is there already.
  std::string images_collation;
};

// Throws Error{schema_state} if a view has the name of a table of ours.
SchemaState read_schema_state(Session& session);

// These throw Error{schema_state}, with the reason and the command to run, if the database is not
// Glance's. require_os_hash also requires the hash columns, require_ledger our tables, and
// require_expanded both.
void require_glance(const SchemaState& state);
void require_os_hash(const SchemaState& state);
void require_ledger(const SchemaState& state);
void require_expanded(const SchemaState& state);

// How a table in the database differs from the one that `makes`, one of our CREATE TABLEs, would
// create: one sentence. Empty if it has the same columns or does not exist.
std::string table_difference(const Catalog& catalog, const StepStatement& makes);

// Throws Error{schema_state} if a table has one of our names but is not ours.
void require_own_tables(const SchemaState& state, const EngineFacts& engine);

// Our tables, in the order in which expand creates them.
const std::vector<std::string>& ledger_tables();

}  // namespace backglance
