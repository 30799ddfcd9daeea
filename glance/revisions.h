// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// The part of Glance's alembic graph that this program needs
// (glance/db/sqlalchemy/alembic_migrations/versions). Every contract revision depends on the expand
// revision of the same release; when it is applied, alembic replaces the expand row by its own.
enum class RevisionPhase {
  none,           // no rows at all
  before_queens,  // liberty to pike, or an unfinished upgrade such as {pike_contract01,
                  // queens_expand01}
  queens,         // {queens_contract01}
  rocky01,        // the rows promise os_hidden, for example {queens_contract01, rocky_expand01}
  hashed,         // the rows promise os_hidden and the hash columns: Rocky or newer, or on the way
  unknown,        // a row that Glance up to 2024.1 does not have
  inconsistent,   // rows that alembic itself refuses, or a single expand row of Queens or later
};

struct Revisions {
  RevisionPhase phase = RevisionPhase::none;
  bool promises_os_hidden = false;  // a row is rocky_expand01, or has it as an ancestor
  bool promises_os_hash = false;    // a row is rocky_expand02, or has it as an ancestor
  std::vector<std::string> rows;    // sorted
  std::string reason;               // one sentence, for unknown, inconsistent and before_queens
  std::string repair;               // a command or statement that repairs it, or empty
};

// Judges the rows of alembic_version. Never throws.
Revisions judge_revisions(std::vector<std::string> rows);

// True if `revision` is one that Glance up to 2024.1 has.
bool known_revision(std::string_view revision);

}  // namespace backglance
