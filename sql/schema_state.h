// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/revisions.h"
#include "sql/catalog.h"
#include "sql/ledger_steps.h"
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
  // Has every table of ours of version 1: the ledger can be read, and a run can be entered.
  bool has_ledger = false;
  // 0: there is no ledger; 1: it is from before ledgers had a version, or its upgrade has not
  // ended.
  int ledger_version = 0;
  std::string ledger_program;     // the version of backglance that made it so; empty of version 1
  bool has_whole_ledger = false;  // every table, column and index of this program's version
  // Whether a column can be added to images without a rebuild. Only examined if one is missing.
  bool instant_columns = true;
  // The words for the collation of images.id in a CREATE TABLE. Empty if no words are needed, and
  // once all tables of the ledger are there.
  std::string images_collation;
};

// Throws Error{schema_state} if a view has the name of a table of ours.
SchemaState read_schema_state(Session& session);

// These throw Error{schema_state}, with the reason and the command to run, if the database is not
// Glance's. require_os_hash also requires the hash columns, require_ledger our tables, and
// require_expanded both. A ledger of any version will do: this is enough for a command that reads.
void require_glance(const SchemaState& state);
void require_os_hash(const SchemaState& state);
void require_ledger(const SchemaState& state);
void require_expanded(const SchemaState& state);

// Throws Error{schema_state} if the ledger has a version that this program does not know: a newer
// program made it, and may rely on what this one would not write. For commands that write only what
// every version has: expand, contract --uninstall, pause, resume, stop.
void require_known_ledger(const SchemaState& state);
// As require_expanded, and the ledger must have the version that this program writes. For every
// other command that writes; the way out is expand, or a newer program.
void require_writable(const SchemaState& state);
// The same where a ledger is not needed, but written if it is there.
void require_writable_ledger(const SchemaState& state);

// Throws Error{schema_state} if a table that has a name of ours is somebody else's, or the ledger
// has a version that this program does not know.
void require_own_tables(const SchemaState& state, const EngineFacts& engine);

}  // namespace backglance
