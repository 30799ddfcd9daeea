// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sql/session.h"

namespace backglance {

// What a database server says of itself when it is asked. A connection's handshake is not used,
// because a proxy writes its own.
struct ServerFacts {
  std::string product;  // "MariaDB", "MySQL" or "PostgreSQL"
  std::string version;  // as the server has it, printable: "10.11.14-MariaDB-0+deb12u2"
  // "Galera" or "Group Replication" if the server is a member of such a cluster; else empty.
  std::string cluster;
  // Of Group Replication: each member accepts writes. Schema changes and writes on two members at
  // once are not detected there.
  bool is_multi_primary = false;
  // The server's own port, if it is not the URL's: a proxy, or a forwarded port, is between them.
  std::optional<std::int64_t> other_port;
};
// Nothing on SQLite, which has no server. Throws what a Session throws.
std::optional<ServerFacts> read_server(Session& session);

// "MariaDB 10.11.14, Galera; behind a proxy ..." in one line.
std::string server_text(const ServerFacts& server);

// Throws Error{gate} if schema statements are not safe beside the writers of other members.
void require_single_primary(Session& session);

}  // namespace backglance
