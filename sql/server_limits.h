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

// The one of them because of which no command can write at all: the server is a replica, or a
// setting makes it read-only. Empty if there is none.
std::string write_refusal(Session& session);

}  // namespace backglance
