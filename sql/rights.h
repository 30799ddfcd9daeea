// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// A right that the account of a session lacks.
struct MissingRight {
  std::string name;   // "UPDATE ON images"
  std::string grant;  // what gives it: a statement
};

enum class RightsFor {
  rows,    // what every command but expand and contract does
  schema,  // expand, contract --uninstall
  guard,   // to be shown whether the guard is there, where the engine hides it
};
// As the statement of rights.*.sql is asked: "rows".
const char* rights_name(RightsFor what);

// What is lacking, as far as the server tells it to the account itself; rights that come through a
// role of MariaDB or MySQL, or table by table there, are taken as given. Always empty on engines
// that know no accounts.
std::vector<MissingRight> missing_rights(Session& session, RightsFor what);

}  // namespace backglance
