// SPDX-License-Identifier: Apache-2.0
#include "sql/server.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/galera.h"
#include "sql/text.h"

namespace backglance {
namespace {

// The port that a URL without one means.
std::int64_t port_of(const DatabaseUrl& url) {
  constexpr int kMysql = 3306;
  constexpr int kPostgresql = 5432;
  if (url.port != 0)
    return url.port;
  return url.engine == Engine::mysql ? kMysql : kPostgresql;
}

void find_cluster(Session& session, ServerFacts& server) {
  if (is_galera_node(session)) {
    server.cluster = "Galera";
    return;
  }
  // Without the plugin there are no such variables.
  session.query(sql_text(session.engine(), "server", "group"), {}, [&](const SqlRow& row) {
    const std::string name = lower_ascii(row.text_or_empty(0));
    const std::string value = row.text_or_empty(1);
    if (name == "group_replication_group_name" && !value.empty())
      server.cluster = "Group Replication";
    if (name == "group_replication_single_primary_mode")
      server.is_multi_primary = lower_ascii(value) == "off";
  });
  server.is_multi_primary = server.is_multi_primary && !server.cluster.empty();
}

}  // namespace

std::optional<ServerFacts> read_server(Session& session) {
  if (session.engine().engine == Engine::sqlite)
    return std::nullopt;
  ServerFacts server;
  server.product = session.engine().title;
  const auto row = session.first_row(sql_text(session.engine(), "server", "version"));
  if (row) {
    server.version = printable(row->text_or_empty(0), 60);
    // A socket file has no port, and neither has what goes through one.
    const auto port = row->integer(1);
    if (port && *port != 0 && *port != port_of(session.url()) &&
        !session.url().query.contains("unix_socket") && !session.url().query.contains("host"))
      server.other_port = port;
  }
  if (session.engine().engine == Engine::mysql)
    find_cluster(session, server);
  return server;
}

std::string server_text(const ServerFacts& server) {
  std::string text = server.product + " " + server.version;
  if (!server.cluster.empty())
    text += ", member of a cluster (" + server.cluster +
            (server.is_multi_primary ? ", multi-primary)" : ")");
  if (server.other_port)
    text += fmt::format(", perhaps behind a proxy: its own port is {}", *server.other_port);
  return text;
}

void require_single_primary(Session& session) {
  const auto server = read_server(session);
  if (server && server->is_multi_primary)
    throw Error(ErrorKind::gate,
                "the server is a member of Group Replication in multi-primary mode: it does not "
                "detect a schema change and a write on two members at the same time",
                "SELECT group_replication_switch_to_single_primary_mode(), then run it again");
}

}  // namespace backglance
