// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/revisions.h"
#include "sql/catalog.h"
#include "sql/ledger_steps.h"
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
  // Every table of ours that version 1 has: the ledger can be read, and a run can be entered.
  bool has_ledger = false;
  // 0: there is no ledger; 1: it is from before ledgers had a version, or its upgrade has not
  // ended.
  int ledger_version = 0;
  std::string ledger_program;     // the version of backglance that made it so; empty of version 1
  bool has_whole_ledger = false;  // every table and column of the version that this program makes
  // Whether images takes a new column without being rebuilt; asked while one is missing.
  bool instant_columns = true;
  // How the collation of images.id is asked for in a CREATE TABLE; empty where that needs no words,
  // and once all tables of the ledger are there.
  std::string images_collation;
};

// Throws Error{schema_state} if a view has the name of a table of ours.
SchemaState read_schema_state(Session& session);

// Throw Error{schema_state} with the reason and the command to run unless this is Glance's
// database, unless moreover the hash columns, our ledger, or both are there. A ledger of any
// version will do: this is enough for a command that reads.
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
