// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// What a database server says of how busy it is, for runs that give way to others. Each throws what
// a Session throws; Error{connect} where the role lacks the privilege. Which engine answers which
// question stands in EngineFacts.

struct ServerLoad {
  std::int64_t active = 0;  // sessions at work, this one left out; on PostgreSQL all of ours
  std::int64_t hidden = 0;  // sessions that this role may not see into, in no count
};
ServerLoad read_load(Session& session);  // EngineFacts::tells_load

struct ReplicaLag {
  std::string replica;                              // for people
  std::optional<std::chrono::milliseconds> behind;  // nothing: replication stands still
  std::string stands_at =
      {};  // how far it has replayed, if there is more; empty: no more, or unknown
};
// Of all replicas, as their primary knows it; EngineFacts::primary_knows_lag. A role that may not
// see it finds none: require_visible_lag() throws Error{connect} then.
std::vector<ReplicaLag> replica_lags(Session& primary);
void require_visible_lag(Session& primary);
// Of this server itself; nothing if it is no replica. EngineFacts::tells_load.
std::optional<std::optional<std::chrono::milliseconds>> own_lag(Session& session);

struct FlowControl {
  std::int64_t paused_nanoseconds = 0;  // ever; of interest is by how much it grows
  std::int64_t queued = 0;              // write sets received and not applied
};
// Nothing where the server is no member of a Galera cluster.
std::optional<FlowControl> flow_control(Session& session);

}  // namespace backglance
