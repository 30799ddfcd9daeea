// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// A right that the account of a session lacks.
struct MissingRight {
  std::string name;   // "UPDATE ON images"
  std::string grant;  // the statement that grants it
};

enum class RightsFor {
  rows,    // every command except expand and contract
  schema,  // expand, contract --uninstall
  guard,   // seeing whether the guard is there, if the engine hides it
};
// The name that the statements in rights.*.sql use: "rows".
const char* rights_name(RightsFor what);

// The rights that are missing, as far as the server shows them to the account itself. On MariaDB
// and MySQL, rights from a role or on single tables are assumed to be there. Always empty on
// engines without accounts.
std::vector<MissingRight> missing_rights(Session& session, RightsFor what);

}  // namespace backglance
