// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// What the settings of a server forbid, so that `plan` says it before a command that writes ends on
// it. One sentence each, with what to do. Limits that a session may lift itself are lifted when it
// is opened (sql/driver_*.cpp) and are not named here.
std::vector<std::string> server_limits(Session& session);

}  // namespace backglance
