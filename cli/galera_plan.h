// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "expand/expand.h"
#include "sql/galera.h"

namespace backglance {

// What the plan's statements will stall on a Galera cluster, and for how long: no node commits
// anything while one of them runs.
struct GaleraPlan {
  Galera node;
  // Of the plan's statements, by what they do to the cluster.
  std::int64_t short_statements = 0;  // some hundredths of a second each
  std::int64_t index_builds = 0;      // of images
  std::int64_t rebuilds = 0;          // copies of images
  std::optional<IndexTrial> trial;    // tried only if there are indexes to build
};

// Nothing if the server is no node of a cluster. For a trial in a temporary table it opens a
// session that may write.
std::optional<GaleraPlan> collect_galera(Session& session, const SchemaState& state,
                                         const ExpandPlan& plan);

// Lines for a person, an empty one first.
std::string galera_text(const GaleraPlan& galera);
// As docs/json.md has it.
nlohmann::json galera_json(const GaleraPlan& galera);

}  // namespace backglance
