// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/session.h"

namespace backglance {

// A right that the account of a session lacks.
struct MissingRight {
  std::string name;   // "UPDATE ON images"
  std::string grant;  // the statement that grants it
};

enum class RightsFor {
  rows,          // every command
  tables,        // making a table or a function
  images,        // changing the table images
  images_index,  // making an index on it
  ledger,        // changing or dropping a table of the ledger
  ledger_index,  // making an index on one
  guard,         // making the trigger on images
  revision,      // rows of alembic_version
  see_guard,     // seeing whether the trigger is there, if the engine hides it
};
// The name that the statements in rights.*.sql use: "rows".
const char* rights_name(RightsFor what);

// What a statement needs, judged by its text. Meant for our own statements of schema steps, of
// which each changes one object; everything else needs `rows`.
RightsFor rights_for(std::string_view sql);

// The rights that are missing, as far as the server shows them to the account itself. On MariaDB
// and MySQL, rights from a role or on single tables are assumed to be there. Always empty on
// engines without accounts. On PostgreSQL `ledger` is about every table of the ledger that is
// there.
std::vector<MissingRight> missing_rights(Session& session, RightsFor what);

}  // namespace backglance
