// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/revisions.h"
#include "sql/catalog.h"
#include "sql/text.h"

namespace backglance {

// What the schema is, read from the catalogue and the rows of alembic_version.
struct SchemaState {
  Catalog catalog;
  std::vector<CatalogRoutine> routines;
  bool shows_routines = true;  // whether the server tells this account of all of them
  Revisions revisions;
  bool is_glance = false;      // the tables that are read, images with Glance's columns
  bool has_alembic = false;    // the table alembic_version
  bool has_os_hidden = false;  // the column, of whatever type
  bool has_os_hash = false;    // both hash columns, of whatever type
  bool has_ledger = false;     // every table of ours
  // Whether images takes a new column without being rebuilt; asked while one is missing.
  bool instant_columns = true;
  // How the collation of images.id is asked for in a CREATE TABLE; empty where that needs no words,
  // and once the ledger is there.
  std::string images_collation;
};

// Throws Error{schema_state} if a view has the name of a table of ours.
SchemaState read_schema_state(Session& session);

// Throw Error{schema_state} with the reason and the command to run unless this is Glance's
// database, unless moreover the hash columns, our ledger, or both are there.
void require_glance(const SchemaState& state);
void require_os_hash(const SchemaState& state);
void require_ledger(const SchemaState& state);
void require_expanded(const SchemaState& state);

// What tells a table of the database from the one that `makes`, a CREATE TABLE of ours, would make:
// one sentence; empty if it has the same columns or is not there.
std::string table_difference(const Catalog& catalog, const StepStatement& makes);

// Throws Error{schema_state} if a table that has a name of ours is somebody else's.
void require_own_tables(const SchemaState& state, const EngineFacts& engine);

// The tables of ours, in the order in which expand makes them.
const std::vector<std::string>& ledger_tables();

}  // namespace backglance
