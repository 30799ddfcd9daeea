// SPDX-License-Identifier: Apache-2.0
#include "sql/server_limits.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <utility>

#include "base/text.h"
#include "sql/text.h"

namespace backglance {
namespace {

// Name and value, as the server has them.
using Settings = std::map<std::string, std::string>;

Settings read_settings(Session& session) {
  Settings settings;
  session.query(
      sql_text(session.engine(), "server_limits", "settings"), {}, [&](const SqlRow& row) {
        settings.emplace(lower_ascii(row.text_or_empty(0)), lower_ascii(row.text_or_empty(1)));
      });
  return settings;
}

bool is(const Settings& settings, const std::string& name, std::string_view value) {
  const auto found = settings.find(name);
  return found != settings.end() && found->second == value;
}

std::string mysql_refusal(const Settings& settings) {
  for (const std::string name : {"super_read_only", "innodb_read_only", "read_only", "tx_read_only",
                                 "transaction_read_only"})
    if (is(settings, name, "on"))
      return fmt::format(
          "the server does not accept writes ({} = ON), except from privileged accounts; if it is "
          "a replica, run the commands with --database and the URL of the primary",
          name);
  return {};
}

std::string postgresql_refusal(const Settings& settings) {
  if (is(settings, "in_recovery", "true"))
    return "the server is a standby and does not accept writes; run the commands with --database "
           "and the URL of the primary";
  if (is(settings, "default_transaction_read_only", "on"))
    return "default_transaction_read_only is on for this role or database, so no command can "
           "write; ALTER ROLE or ALTER DATABASE ... RESET default_transaction_read_only";
  return {};
}

std::vector<std::string> mysql_limits(Session& session) {
  // Statements of this size are rare: an archived property with a long value.
  constexpr std::int64_t kSmallPacket = 1 << 20;
  std::vector<std::string> limits;
  const Settings settings = read_settings(session);
  if (std::string refusal = mysql_refusal(settings); !refusal.empty())
    limits.push_back(std::move(refusal));
  if (const auto engine = settings.find("enforce_storage_engine");
      engine != settings.end() && !engine->second.empty() && engine->second != "innodb")
    limits.push_back(
        fmt::format("enforce_storage_engine = {}: expand cannot make its tables, which need "
                    "InnoDB; SET GLOBAL enforce_storage_engine = 'InnoDB'",
                    printable(engine->second, 40)));
  const auto format =
      session.first_row(sql_text(session.engine(), "server_limits", "binlog_format"));
  if (is(settings, "log_bin", "on") && format &&
      lower_ascii(format->text_or_empty(1)) == "statement")
    limits.emplace_back(
        "the server logs statements (binlog_format = STATEMENT), and this account may not change "
        "that for its own sessions: they work at REPEATABLE READ, and writers of images may wait "
        "for a long statement; SET GLOBAL binlog_format = 'MIXED' avoids this");
  if (const auto packet = session.count(sql_text(session.engine(), "server_limits", "packet"));
      packet > 0 && packet < kSmallPacket)
    limits.push_back(
        fmt::format("max_allowed_packet is {} bytes: a property with a long value cannot be read; "
                    "SET GLOBAL max_allowed_packet = 16777216",
                    packet));
  return limits;
}

std::vector<std::string> postgresql_limits(Session& session) {
  std::vector<std::string> limits;
  const Settings settings = read_settings(session);
  if (std::string refusal = postgresql_refusal(settings); !refusal.empty())
    limits.push_back(std::move(refusal));
  session.query(
      sql_text(session.engine(), "server_limits", "triggers"), {}, [&](const SqlRow& row) {
        limits.push_back(fmt::format(
            "trigger {} on {} calls {}, which has no search path of its own: the sessions of this "
            "program have only pg_catalog in theirs, so names without a schema are not found "
            "there; "
            "ALTER FUNCTION {} SET search_path = {}, pg_temp",
            printable(row.text_or_empty(0)), printable(row.text_or_empty(1)),
            printable(row.text_or_empty(2)), printable(row.text_or_empty(2)),
            printable(row.text_or_empty(3))));
      });
  return limits;
}

}  // namespace

std::vector<std::string> server_limits(Session& session) {
  switch (session.engine().engine) {
    case Engine::mysql:
      return mysql_limits(session);
    case Engine::postgresql:
      return postgresql_limits(session);
    case Engine::sqlite:
      break;
  }
  return {};
}

std::string write_refusal(Session& session) {
  switch (session.engine().engine) {
    case Engine::mysql:
      return mysql_refusal(read_settings(session));
    case Engine::postgresql:
      return postgresql_refusal(read_settings(session));
    case Engine::sqlite:
      break;
  }
  return {};
}

}  // namespace backglance
