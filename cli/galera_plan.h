// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "expand/expand.h"
#include "sql/galera.h"

namespace backglance {

// How long the plan's statements stall a Galera cluster: no node commits anything while one of them
// runs.
struct GaleraPlan {
  Galera node;
  // The plan's statements, by their effect on the cluster.
  std::int64_t short_statements = 0;  // each stalls for some hundredths of a second
  std::int64_t index_builds = 0;      // index builds on the table images
  std::int64_t rebuilds = 0;          // copies of the table images
  std::optional<IndexTrial> trial;    // only if there are indexes to build
};

// Returns nothing if the server is not a node of a cluster. Opens a session that may write, for a
// trial in a temporary table.
std::optional<GaleraPlan> collect_galera(Session& session, const SchemaState& state,
                                         const ExpandPlan& plan);

// Lines for a person; the first one is empty.
std::string galera_text(const GaleraPlan& galera);
// The JSON object; docs/json.md documents it.
nlohmann::json galera_json(const GaleraPlan& galera);

}  // namespace backglance
