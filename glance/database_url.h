// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "glance/url_parameters.h"

namespace backglance {

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
  // The parameters after the '?', decoded; equal keys in their order. A parameter without a value
  // is left out, as in SQLAlchemy. glance/url_parameters.h says what each one means.
  std::multimap<std::string, std::string> query;

  // The URL on one printable line, with every parameter. The password is shown as "***", and so is
  // each value of `query` that could be a secret.
  std::string redacted() const;
};

// Throws Error{usage} for an unknown dialect, a malformed URL, a URL without a database, and an
// SQLite database that is in memory or encrypted. Also for a '@' in the
// host: SQLAlchemy would take the end of the password for a host name there. The text of the error
// never contains the password. `more_parameters` ("key=value&key=value") is appended to the query,
// as oslo.db does with [database] connection_parameters. Which parameters are supported is not
// checked here: see connectable() in glance/url_parameters.h.
DatabaseUrl parse_database_url(std::string_view text, std::string_view more_parameters = {});

}  // namespace backglance
