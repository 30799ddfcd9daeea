// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace backglance {

enum class Engine { sqlite, postgresql, mysql };

// What the program does with a parameter of a database URL, or with an option of [database].
//   read:    understood as the driver of Glance understands it
//   ignored: has no effect on this program; `why` says why that is safe
//   refused: Glance would connect in a way that this program cannot; `why` says what to do
enum class ParameterUse { read, ignored, refused };

struct UrlParameter {
  Engine engine;
  std::string_view name;  // in lower case; names are compared with case
  ParameterUse use;
  bool shown;            // its value cannot be a secret, so that it may be printed
  std::string_view why;  // empty for `read`
};

struct DatabaseOption {
  std::string_view name;  // in the group [database]
  ParameterUse use;
  std::string_view why;  // empty for `read`
};

// Every parameter that SQLAlchemy 1.4 and 2.0 and their drivers (PyMySQL, mysqlclient, psycopg2,
// psycopg, sqlite3) document for a URL. A parameter that is not in the table is refused too.
// docs/database-url.md has the same tables; a test compares them.
std::span<const UrlParameter> url_parameters();
// Every option of oslo.db's group [database]. As oslo.config does, the program ignores others.
std::span<const DatabaseOption> database_options();

// Null if the table does not have it.
const UrlParameter* find_url_parameter(Engine engine, std::string_view name);

// "read", "ignored", "refused": as the document spells it.
std::string_view use_name(ParameterUse use);

}  // namespace backglance
