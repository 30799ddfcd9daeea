// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "sql/session.h"

namespace backglance {

// A server that is a node of a Galera cluster. Each schema statement runs there in total order
// (TOI): on every node at the same place among the commits, and no node commits anything, of
// whatever table, while it runs.

bool is_galera_node(Session& session);

struct Galera {
  std::int64_t nodes = 0;
  std::string status;  // "Primary", of the part of the cluster that this node is in
  std::string state;   // "Synced", of the node itself
  std::string method;  // "TOI", or "RSU": statements change this node alone
};
// Nothing if the server is no node of a cluster.
std::optional<Galera> read_galera(Session& session);

// Throws Error{gate} where a schema statement would change this node alone: our tables would be
// there and not on the others, which break off when a row of ours reaches them.
void require_total_order(Session& session);

struct IndexTrial {
  std::int64_t images = 0;                 // rows of images
  std::int64_t tried = 0;                  // of these, in the trial
  std::chrono::duration<double> build{0};  // of one index on all of them, on this node
};
// Builds an index on a copy of some of the rows, in a temporary table of this session, which must
// be one that may write, and is not to be used after a failure. Nothing if that is not possible.
std::optional<IndexTrial> try_index_build(Session& session);

}  // namespace backglance
