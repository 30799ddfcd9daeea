// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace backglance {

enum class Engine { sqlite, postgresql, mysql };

// A database URL in SQLAlchemy's form: dialect+driver://user:password@host:port/database?key=value,
// user and password percent-decoded as SQLAlchemy 1.4 does (engine/url.py: '+' stays '+').
struct DatabaseUrl {
  Engine engine = Engine::sqlite;
  std::string driver;    // "pymysql", "psycopg2"; empty if not given
  std::string user;      // decoded
  std::string password;  // decoded; a secret
  std::string host;      // without the brackets of an IPv6 address
  int port = 0;          // 0: not given
  std::string
      database;  // SQLite: the file's path, absolute for sqlite:////a, relative for sqlite:///a
  std::map<std::string, std::string> query;  // decoded; later keys win

  // The URL on one printable line, with the password, and each value of `query` that may hold one,
  // shown as "***".
  std::string redacted() const;
};

// Throws Error{usage} for an unknown dialect, a malformed URL, one without a database, or a SQLite
// database in memory, encrypted or given as a file: URI. Also for a '@' left in the host, where
// SQLAlchemy would go on with the end of the password for a name. The error's text never holds the
// password.
DatabaseUrl parse_database_url(std::string_view text);

}  // namespace backglance
