// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// How busy a database server says it is, for runs that wait while it is busy. The functions throw
// what a Session throws, and Error{connect} if the role lacks the privilege. EngineFacts says which
// engine can answer which question.

struct ServerLoad {
  std::int64_t active = 0;  // active sessions without this one; on PostgreSQL without all of ours
  std::int64_t hidden = 0;  // sessions whose state this role may not see; not counted as active
};
ServerLoad read_load(Session& session);  // EngineFacts::tells_load

struct ReplicaLag {
  std::string replica;                              // name, for people
  std::optional<std::chrono::milliseconds> behind;  // empty: replication has stopped
  // The position up to which it has replayed, if more is waiting. Empty: nothing waits, or unknown.
  std::string stands_at = {};
};
// The lag of all replicas, from their primary (EngineFacts::primary_knows_lag). A role without the
// privilege sees no replica; require_visible_lag() throws Error{connect} then.
std::vector<ReplicaLag> replica_lags(Session& primary);
void require_visible_lag(Session& primary);
// The lag of this server (EngineFacts::tells_load). The outer optional is empty if it is not a
// replica, the inner one if replication has stopped.
std::optional<std::optional<std::chrono::milliseconds>> own_lag(Session& session);

struct FlowControl {
  std::int64_t paused_nanoseconds = 0;  // since the start of the server; callers look at the growth
  std::int64_t queued = 0;              // write sets that were received but not applied
};
// Nothing if the server is not a member of a Galera cluster.
std::optional<FlowControl> flow_control(Session& session);

}  // namespace backglance
