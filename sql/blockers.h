// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// The sessions that may block a schema statement on images, the longest first: "pid 4711, 12 s,
// UPDATE, holds a lock on images". At most five. Contains no text and no value of a statement.
// Empty if the engine or our privileges show nothing.
std::vector<std::string> blockers(Session& session);

}  // namespace backglance
