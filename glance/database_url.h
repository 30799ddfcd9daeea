// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace backglance {

enum class Engine { sqlite, postgresql, mysql };

// A database URL in SQLAlchemy's form: dialect+driver://user:password@host:port/database?key=value.
// User and password are percent-decoded as in SQLAlchemy 1.4 (engine/url.py: '+' stays '+').
struct DatabaseUrl {
  Engine engine = Engine::sqlite;
  std::string driver;    // "pymysql", "psycopg2"; empty if not given
  std::string user;      // decoded
  std::string password;  // decoded; a secret
  std::string host;      // without the brackets of an IPv6 address
  int port = 0;          // 0: not given
  // SQLite: the path of the file; absolute for sqlite:////a, relative for sqlite:///a.
  std::string database;
  std::map<std::string, std::string> query;  // decoded; the last of several equal keys counts

  // The URL on one printable line. The password is shown as "***", and so is each value of `query`
  // that could be a secret.
  std::string redacted() const;
};

// Throws Error{usage} for an unknown dialect, a malformed URL, a URL without a database, and an
// SQLite database that is in memory, encrypted, or given as a file: URI. Also for a '@' in the
// host: SQLAlchemy would take the end of the password for a host name there. The text of the error
// never contains the password.
DatabaseUrl parse_database_url(std::string_view text);

}  // namespace backglance
