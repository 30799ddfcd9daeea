// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/text.h"
#include "sql/driver.h"
#include "sql/rights.h"
#include "sql/schema_names.h"
#include "sql/text.h"

namespace backglance {

// psycopg2 hands the parameters of the URL on to libpq, and so do we. A host there replaces the
// URL's: libpq takes the last.
std::string postgresql_connection_string(const DatabaseUrl& url) {
  const auto milliseconds = [](std::chrono::seconds time) {
    return std::chrono::milliseconds(time).count();
  };
  std::string out = fmt::format(
      "dbname={} application_name=backglance connect_timeout={} tcp_user_timeout={} "
      "keepalives_idle={} keepalives_interval={} keepalives_count={}",
      quoted_value(url.database), kConnectTimeout.count(),
      milliseconds(kSilentServer.unacknowledged), kSilentServer.idle.count(),
      kSilentServer.between_probes.count(), kSilentServer.probes);
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty())
      out += fmt::format(" {}={}", key, quoted_value(value));
  };
  add("host", url.host);
  add("port", url.port == 0 ? "" : std::to_string(url.port));
  add("user", url.user);
  add("password", url.password);
  for (const auto& [key, value] : url.query)
    add(key, value);
  return out;
}

namespace {

constexpr std::string_view kInsufficientPrivilege = "42501";

// A function or an operator that somebody has made in a schema of the search path can be a better
// match than PostgreSQL's own, whatever the order of the path, and would run with our rights
// (CVE-2018-1058). So no such schema stays in the path: sql/schema_names.h puts the schema before
// each table. Temporary tables come last. Nothing before the SET uses an operator.
void pin_search_path(soci::session& session) {
  std::string schemas;
  session << "SELECT CAST(pg_catalog.current_schemas(false) AS pg_catalog.text)",
      soci::into(schemas);
  run_plain(session, "SET search_path = pg_catalog, pg_temp");
  std::string schema;
  std::string of_ours;
  session << sql_text(engine_facts(Engine::postgresql), "schema_names", "schema_of_images"),
      soci::use(schemas, "schemas"), soci::into(schema), soci::into(of_ours);
  if (!of_ours.empty())
    throw Error(ErrorKind::schema_state,
                fmt::format("backglance's tables are in schema {}, and Glance's in schema {}; they "
                            "must be in the same one",
                            printable(of_ours), printable(schema)),
                fmt::format("ALTER TABLE {}.backglance_... SET SCHEMA {}, for each table and with "
                            "the quotes that the names need",
                            printable(of_ours), printable(schema)));
  std::string unused;
  session << fmt::format("SELECT pg_catalog.set_config('{}', :schema, false)", kSchemaSetting),
      soci::use(schema, "schema"), soci::into(unused);
}

// Of the server, the database or the role: they would end an index build, or a session that waits
// for a read. Which ones there are depends on the server's version.
void lift_limits(soci::session& session) {
  const soci::rowset<soci::row> found =
      (session.prepare << sql_text(engine_facts(Engine::postgresql), "schema_names",
                                   "lift_limits"));
  for (const soci::row& row : found)
    static_cast<void>(row);
}

std::string schema(soci::session& session) {
  std::string quoted;
  soci::indicator is_there = soci::i_null;
  session << sql_text(engine_facts(Engine::postgresql), "schema_names", "schema"),
      soci::into(quoted, is_there);
  return is_there == soci::i_ok ? quoted : std::string();
}

void open(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  session.open(soci::postgresql, postgresql_connection_string(url));
  // Notices go to standard error unless told otherwise.
  auto& backend = static_cast<soci::postgresql_session_backend&>(*session.get_backend());
  PQsetNoticeProcessor(
      backend.conn_, [](void*, const char*) {}, nullptr);
  // First, because it may be shorter than what follows.
  run_plain(session, "SET statement_timeout = 0");
  pin_search_path(session);
  // The text of dates, of backslashes and of the catalogue must not depend on the settings of the
  // server, the database or the role.
  run_plain(session, "SET datestyle = 'ISO, YMD'");
  run_plain(session, "SET standard_conforming_strings = on");
  run_plain(session, "SET quote_all_identifiers = off");
  run_plain(session, "SET client_encoding = 'UTF8'");
  lift_limits(session);
  // 0 would be for ever.
  run_plain(session, fmt::format("SET lock_timeout = '{}s'",
                                 std::max<std::int64_t>(1, options.lock_timeout.count())));
  run_plain(session, fmt::format("SET idle_in_transaction_session_timeout = '{}s'",
                                 kForsakenTransaction.count()));
  run_plain(session, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED");
  if (options.mode == OpenMode::read_only)
    run_plain(session, "SET default_transaction_read_only = on");
}

const EngineFacts& facts(soci::session&) {
  return engine_facts(Engine::postgresql);
}

// A standby, or a primary that was switched to one ("read_only_sql_transaction").
bool refuses_writes(const soci::soci_error& error) {
  const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  return postgresql != nullptr && postgresql->sqlstate() == "25006";
}

// SQLSTATEs: PostgreSQL 15 manual, appendix A.
Error translated(const soci::soci_error& error, const DatabaseUrl& url) {
  const std::string database = url.redacted();
  const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  const std::string state = postgresql != nullptr ? postgresql->sqlstate() : "";
  const std::string text = driver_text(error);
  if (state == "55P03" || state == "40P01" || state == "40001")
    return Error(ErrorKind::busy,
                 "the statement requires a lock that another session holds: " + text);
  // Two of us made the same row at the same moment.
  if (state == "23505")
    return Error(ErrorKind::busy,
                 "another process inserted the same row at the same time: " + text);
  if (state == "25006")
    return Error(ErrorKind::connect,
                 "the server does not accept writes (is it a replica?): " + database,
                 "run the same command with --database and the URL of the primary");
  if (state == kInsufficientPrivilege)
    return Error(ErrorKind::connect, fmt::format("{} lacks a privilege: {}", database, text));
  if (state == "53100")
    return Error(ErrorKind::no_space, "the server is out of disk: " + text);
  // 53300: no connection is free, as after a restart, when all clients come back at once.
  if (state.starts_with("53") && state != "53300")
    return Error(ErrorKind::io, "the server is out of a resource: " + text);
  if (state.starts_with("28") || state == "3D000")
    return Error(ErrorKind::connect, fmt::format("{}: {}", database, text));
  // No state at all: libpq itself gave up.
  if (state.starts_with("08") || state.starts_with("57P") || state == "53300" || state.empty() ||
      state.find_first_not_of(" 0") == std::string::npos)
    return Error(ErrorKind::lost, fmt::format("{}: {}", database, text));
  return Error(ErrorKind::sql, text);
}

// On a connection of its own: that of the statement may be within a transaction that failed.
MissingRights missing_rights(const soci::soci_error& error, const DatabaseUrl& url,
                             std::string_view sql) {
  const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  MissingRights missing;
  if (postgresql == nullptr || postgresql->sqlstate() != kInsufficientPrivilege)
    return missing;
  soci::session session;
  session.open(soci::postgresql, postgresql_connection_string(url));
  pin_search_path(session);
  const std::string what = rights_name(rights_for(sql));
  const soci::rowset<soci::row> found =
      (session.prepare << sql_text(engine_facts(Engine::postgresql), "rights", "missing"),
       soci::use(what, "what"));
  for (const soci::row& row : found) {
    missing.names += (missing.names.empty() ? "" : ", ") + row.get<std::string>(0);
    missing.grants += (missing.grants.empty() ? "" : "; ") + row.get<std::string>(1);
  }
  return missing;
}

int exchanged_columns(soci::statement&) {
  return 0;
}

void rows(soci::statement& executed, const std::function<void(const SqlRow&)>& on_row) {
  auto& backend = static_cast<soci::postgresql_statement_backend&>(*executed.get_backend());
  const PGresult* result = backend.result_;
  const int columns = PQnfields(result);
  for (int row = 0; row < PQntuples(result); ++row) {
    std::vector<std::optional<std::string>> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0)
        values.emplace_back();
      else
        values.emplace_back(
            std::string(PQgetvalue(result, row, column),
                        static_cast<std::size_t>(PQgetlength(result, row, column))));
    }
    on_row(SqlRow(std::move(values)));
  }
}

void hang_up(soci::session& session) {
  const auto& backend = static_cast<soci::postgresql_session_backend&>(*session.get_backend());
  // Of a connection that is no more already this is an error without consequence.
  shutdown(PQsocket(backend.conn_), SHUT_RDWR);
}

}  // namespace

const Driver& postgresql_driver() {
  static constexpr Driver kDriver = {.open = open,
                                     .facts = facts,
                                     .translated = translated,
                                     .refuses_writes = refuses_writes,
                                     .exchanged_columns = exchanged_columns,
                                     .rows = rows,
                                     .missing_rights = missing_rights,
                                     .hang_up = hang_up,
                                     .schema = schema};
  return kDriver;
}

}  // namespace backglance
