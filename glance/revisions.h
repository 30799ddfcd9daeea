// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// Glance's alembic graph, as far as this program's decisions need it
// (glance/db/sqlalchemy/alembic_migrations/versions; facts: every contract revision depends_on the
// expand revision of its name, and alembic then absorbs the expand row).
enum class RevisionPhase {
  none,           // no rows at all
  before_queens,  // liberty .. pike, or {pike_contract01, queens_expand01} and the like
  queens,         // {queens_contract01}
  rocky01,  // {queens_contract01, rocky_expand01}, {rocky_contract01} and its like: os_hidden is
            // promised
  hashed,   // the rows promise os_hidden and the hash columns: Rocky or newer, or under way to it
  unknown,  // a row that Glance up to 2024.1 does not have
  inconsistent,  // rows that alembic itself refuses, or an expand row of Queens or later alone
};

struct Revisions {
  RevisionPhase phase = RevisionPhase::none;
  bool promises_os_hidden = false;  // a row claims rocky_expand01 as itself or an ancestor
  bool promises_os_hash = false;    // likewise rocky_expand02
  std::vector<std::string> rows;    // sorted
  std::string reason;               // one sentence, for unknown and inconsistent and before_queens
  std::string repair;               // a command or statement that mends it, or empty
};

// Judges the rows of alembic_version. Never throws.
Revisions judge_revisions(std::vector<std::string> rows);

// True if `revision` is one that Glance up to 2024.1 has.
bool known_revision(std::string_view revision);

}  // namespace backglance
