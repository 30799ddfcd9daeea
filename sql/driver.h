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

// When a silent connection counts as lost: no answer, no acknowledgement, and no end of the
// connection. The host was switched off, or a firewall dropped the connection. A server that works
// on a statement for hours still acknowledges. Twice this time plus one connection attempt is less
// than a lease (backfill/claimer.h).
struct SilentServer {
  std::chrono::seconds unacknowledged{30};  // for data that was sent and not acknowledged
  std::chrono::seconds idle{20};            // without traffic, before the first probe
  std::chrono::seconds between_probes{5};
  int probes = 3;  // probes without an answer
};
inline constexpr SilentServer kSilentServer;
// How long it may take to connect, if the URL does not say.
inline constexpr std::chrono::seconds kConnectTimeout{10};
// How long the server keeps one of our transactions and its locks when it hears nothing more from
// us. Our transactions never wait that long for anything except the server.
inline constexpr std::chrono::seconds kForsakenTransaction{60};

struct MissingRights {
  std::string names;
  std::string grants;
};

// What a Session needs from an engine and SOCI does not offer for all engines alike. Each engine
// has one Driver, in its own source, because the headers of SOCI's backends declare the same names.
struct Driver {
  // Opens the connection and sets its options. Throws soci_error, or Error for a fault that is
  // found before connecting.
  void (*open)(soci::session& session, const DatabaseUrl& url, const SessionOptions& options);
  // The facts that are true for the server that was reached.
  const EngineFacts& (*facts)(soci::session& session);
  // Translates to an Error of kind connect, busy, lost, sql, schema_state or io. Its text contains
  // no bound value and no password.
  Error (*translated)(const soci::soci_error& error, const DatabaseUrl& url);
  // Whether the server refused a statement because it takes no writes: it is a replica, or it was
  // the primary until now. Null if that does not happen.
  bool (*refuses_writes)(const soci::soci_error& error);
  // The number of columns that SOCI must exchange through `into` elements. 0 if rows() reads the
  // client library's own result, which needs none.
  int (*exchanged_columns)(soci::statement& prepared);
  // Passes on the rows of a statement that was executed without an exchange.
  void (*rows)(soci::statement& executed, const std::function<void(const SqlRow&)>& on_row);
  // After a statement was refused because a right is missing: what the role lacks, and the
  // statements that grant it. Empty if this cannot be found out. Null if the refusal itself names
  // the right.
  MissingRights (*missing_rights)(const soci::soci_error& error, const DatabaseUrl& url,
                                  std::string_view sql);
  // Closes the connection below the client library, so that the library does not wait for the
  // server when it closes the connection itself. Null if the engine has no server.
  void (*hang_up)(soci::session& session);
  // The schema that stands before the names of tables (sql/schema_names.h), quoted; empty if none
  // does. Null if the engine has no search path.
  std::string (*schema)(soci::session& session);
};

const Driver& sqlite_driver();
const Driver& postgresql_driver();
const Driver& mysql_driver();

// The connection string for libpq (PostgreSQL 15 manual, 34.1.1.1). Contains the password.
std::string postgresql_connection_string(const DatabaseUrl& url);

// The driver's own sentence, without the statement and the parameters that SOCI appends to what().
// These may contain locations.
std::string driver_text(const soci::soci_error& error);

// Runs a statement without parameters and without a result.
void run_plain(soci::session& session, const std::string& sql);

// Quotes a value for the connection strings of libpq (PostgreSQL 15 manual, 34.1.1.1) and of SOCI's
// MySQL backend: in quotes, with a backslash before each quote and each backslash.
std::string quoted_value(std::string_view value);

// The value of a query parameter of the URL; nothing if the URL does not have it.
std::optional<std::string> url_option(const DatabaseUrl& url, std::string_view key);

}  // namespace backglance
