// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <soci/soci.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "glance/database_url.h"
#include "sql/engine.h"
#include "sql/row.h"
#include "sql/session_options.h"

namespace backglance {

// How soon a connection counts as lost on which nothing comes back, not even an acknowledgement,
// and no end either: the host was switched off, or a firewall forgot it. A server that is at work
// on a statement acknowledges, for hours if need be. Twice this and a new attempt at a connection
// are less than a lease (backfill/claimer.h).
struct SilentServer {
  std::chrono::seconds unacknowledged{30};  // sent, and not acknowledged
  std::chrono::seconds idle{20};            // without traffic before the first probe
  std::chrono::seconds between_probes{5};
  int probes = 3;  // without an answer
};
inline constexpr SilentServer kSilentServer;
// How long a connection may take to come about, if the URL does not say.
inline constexpr std::chrono::seconds kConnectTimeout{10};
// How long the server keeps a transaction of ours open, and its locks, when it hears nothing of it
// any more. Ours never wait that long for anything but the server.
inline constexpr std::chrono::seconds kForsakenTransaction{60};

struct MissingRights {
  std::string names;
  std::string grants;
};

// What a Session needs of an engine beyond what SOCI has in common for all: one record each, in a
// source of its own, because the headers of SOCI's backends declare the same names.
struct Driver {
  // Opens the connection and makes its settings. Throws soci_error, or Error for what is wrong
  // before anything is tried.
  void (*open)(soci::session& session, const DatabaseUrl& url, const SessionOptions& options);
  // Which facts hold for the server that was reached.
  const EngineFacts& (*facts)(soci::session& session);
  // An Error of kind connect, busy, lost, sql, schema_state or io; its text holds no bound value
  // and no password.
  Error (*translated)(const soci::soci_error& error, const DatabaseUrl& url);
  // The number of columns that SOCI is to exchange by into elements; 0 where rows() reads the
  // client library's own result, which needs none.
  int (*exchanged_columns)(soci::statement& prepared);
  // Hands over the rows of a statement that was executed without an exchange.
  void (*rows)(soci::statement& executed, const std::function<void(const SqlRow&)>& on_row);
  // Of a statement that was refused for want of a right: what the role lacks, and the statements
  // that give it; empty if that cannot be found out. Null where the refusal itself says which
  // right.
  MissingRights (*missing_rights)(const soci::soci_error& error, const DatabaseUrl& url,
                                  std::string_view sql);
  // Ends the connection below the client library, so that nothing that this one does to its end
  // waits for the server. Null where no server is.
  void (*hang_up)(soci::session& session);
};

const Driver& sqlite_driver();
const Driver& postgresql_driver();
const Driver& mysql_driver();

// As libpq takes it (PostgreSQL 15 manual, 34.1.1.1); it holds the password.
std::string postgresql_connection_string(const DatabaseUrl& url);

// The driver's own sentence without the statement and the parameters that SOCI appends to what():
// they may hold locations.
std::string driver_text(const soci::soci_error& error);

// Runs a statement that takes and returns nothing.
void run_plain(soci::session& session, const std::string& sql);

// A value in the connection strings of libpq (PostgreSQL 15 manual, 34.1.1.1) and of SOCI's MySQL
// backend: between quotes, with a backslash before quotes and backslashes.
std::string quoted_value(std::string_view value);

// The value of a query parameter of the URL, if it is given.
std::optional<std::string> url_option(const DatabaseUrl& url, std::string_view key);

}  // namespace backglance
