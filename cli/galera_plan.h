// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "expand/expand.h"

namespace backglance {

// What the plan's statements will stall on a Galera cluster, and for how long, as docs/json.md has
// it; null elsewhere. For a trial in a temporary table it opens a session that may write.
nlohmann::json galera_json(Session& session, const SchemaState& state, const ExpandPlan& plan);
// The same for people; nothing for null.
void print_galera(const nlohmann::json& galera);

}  // namespace backglance
