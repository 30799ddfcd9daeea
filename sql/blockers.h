// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// Who may stand in the way of a schema statement on images, longest first: "pid 4711, 12 s, UPDATE,
// holds a lock on images". No statement's text and no value. At most five; empty where the engine
// or our privileges tell nothing.
std::vector<std::string> blockers(Session& session);

}  // namespace backglance
