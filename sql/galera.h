// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "sql/session.h"

namespace backglance {

// For a server that is a node of a Galera cluster. There, each schema statement runs in total order
// (TOI): on every node at the same position among the commits. No node commits anything, in any
// table, while it runs.

bool is_galera_node(Session& session);

struct Galera {
  std::int64_t nodes = 0;
  std::string status;  // status of this node's part of the cluster: "Primary"
  std::string state;   // state of the node itself: "Synced"
  std::string method;  // "TOI"; with "RSU", statements change only this node
};
// Nothing if the server is not a node of a cluster.
std::optional<Galera> read_galera(Session& session);

// Throws Error{gate} if a schema statement would change only this node. Our tables would then be
// missing on the other nodes, and these would fail at the first row of ours that reaches them.
void require_total_order(Session& session);

struct IndexTrial {
  std::int64_t images = 0;                 // rows of images
  std::int64_t tried = 0;                  // rows in the trial
  std::chrono::duration<double> build{0};  // estimate for one index on all rows, on this node
};
// Builds an index on a copy of some rows, in a temporary table of this session. The session must be
// allowed to write, and must not be used after a failure. Returns nothing if a trial is not
// possible.
std::optional<IndexTrial> try_index_build(Session& session);

}  // namespace backglance
