// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <mysqld_error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <soci/mysql/soci-mysql.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <map>

#include "base/text.h"
#include "sql/driver.h"

namespace backglance {
namespace {

// What the URL asks of TLS, in the keys that SQLAlchemy and PyMySQL have for it. As PyMySQL does,
// the certificate is verified, its name included, unless the URL says otherwise; unlike it, also
// where two of its keys would cancel each other.
struct Tls {
  explicit Tls(const DatabaseUrl& url);

  bool wanted = false;
  bool verified = true;  // by ssl_ca, else by the authorities that the system trusts
  bool named = true;     // the certificate's name is the host's
  std::string options;   // libmariadb's words for it
};

[[noreturn]] void refuse(const std::string& why, const std::string& what_to_do) {
  throw Error(ErrorKind::usage, "database URL: " + why, what_to_do);
}

using Words = std::initializer_list<std::string_view>;

// The value of a switch; nothing if the URL does not have it. Another word is refused: drivers take
// it for true, for false, or for an error.
std::optional<bool> truth_of(const DatabaseUrl& url, std::string_view key, Words yes, Words no) {
  const auto text = url_option(url, key);
  if (!text)
    return std::nullopt;
  const std::string word = lower_ascii(*text);
  if (std::find(yes.begin(), yes.end(), word) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), word) != no.end())
    return false;
  refuse(fmt::format("the value of {} is not known", key),
         fmt::format("write {}={} or {}={}", key, *yes.begin(), key, *no.begin()));
}

// PyMySQL takes any text for true, "false" as well.
void check_disabled(const DatabaseUrl& url) {
  const auto disabled = truth_of(url, "ssl_disabled", {"true", "yes", "1"}, {"false", "no", "0"});
  if (!disabled)
    return;
  if (!*disabled)
    refuse("PyMySQL takes ssl_disabled=false for true, and does not encrypt",
           "remove ssl_disabled");
  for (const auto& [key, value] : url.query)
    if (key.starts_with("ssl_") && key != "ssl_disabled")
      refuse(fmt::format("ssl_disabled and {} contradict each other", key), "remove one of them");
}

Tls::Tls(const DatabaseUrl& url) {
  check_disabled(url);
  // The words of PyMySQL (_create_ssl_ctx), and of SQLAlchemy (asbool) for the last.
  const auto verify = truth_of(url, "ssl_verify_cert", {"true", "yes", "1", "required", "optional"},
                               {"false", "no", "0", "none"});
  const auto identity =
      truth_of(url, "ssl_verify_identity", {"true", "yes", "1"}, {"false", "no", "0", "none"});
  const auto name = truth_of(url, "ssl_check_hostname", {"true", "yes", "on", "y", "t", "1"},
                             {"false", "no", "off", "n", "f", "0", "none"});
  wanted = verify || identity || name;
  verified = verify.value_or(true);
  named =
      verified && identity.value_or(true) && name.value_or(true) && !url_option(url, "unix_socket");
  constexpr std::pair<std::string_view, std::string_view> kFiles[] = {
      {"ssl_ca", "ssl-ca"}, {"ssl_cert", "ssl-cert"}, {"ssl_key", "ssl-key"}};
  for (const auto& [key, option] : kFiles) {
    const auto file = url_option(url, key);
    if (!file)
      continue;
    wanted = true;
    if (file->find(';') != std::string::npos)
      throw Error(ErrorKind::usage, fmt::format("database URL: a ';' in {} is not supported", key));
    if (verified || key != "ssl_ca")
      options += fmt::format("{}={};", option, *file);
  }
  if (!wanted)
    return;
  // libmariadb verifies by an authority that it was given even if it is not to look at the name.
  if (verified && !named && !url_option(url, "ssl_ca"))
    throw Error(ErrorKind::usage,
                "database URL: a certificate whose name is not checked requires ssl_ca");
  options += "ssl-enforce=1;";
  if (named)
    options += "ssl-verify-server-cert=1;";
  else if (!verified)
    options += "ssl-verify-server-cert=0;";  // libmariadb 3.4 verifies unless told otherwise
}

// Seconds, as PyMySQL bounds them.
std::string connect_timeout(const DatabaseUrl& url) {
  const auto text = url_option(url, "connect_timeout");
  if (!text)
    return std::to_string(kConnectTimeout.count());
  constexpr std::int64_t kLongest = 31'536'000;
  std::int64_t seconds = 0;
  const char* end = text->data() + text->size();
  const auto [used, error] = std::from_chars(text->data(), end, seconds);
  if (error != std::errc() || used != end || seconds < 1 || seconds > kLongest)
    refuse("connect_timeout is not a number of seconds from 1 to 31536000", "correct it");
  return std::to_string(seconds);
}

std::string connection_string(const DatabaseUrl& url, const Tls& tls) {
  std::string out = fmt::format("db={}", quoted_value(url.database));
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty())
      out += fmt::format(" {}={}", key, quoted_value(value));
  };
  // Without a host libmariadb would go to a socket of its own choice; PyMySQL goes to localhost.
  const auto socket = url_option(url, "unix_socket");
  std::string host;
  if (!socket)
    host = url.host.empty() || url.host == "localhost" ? "127.0.0.1" : url.host;
  if (host.find(';') != std::string::npos)
    throw Error(ErrorKind::usage, "database URL: the name of a host cannot contain a ';'");
  // In the place of a host libmariadb takes options too (mariadb_connect in mysql.h), those that
  // SOCI has no word for among them.
  if (tls.wanted)
    host = tls.options + (socket ? "" : "host=" + host);
  add("host", host);
  add("unix_socket", socket.value_or(""));
  // Given in any case: libmariadb's default can be changed by the environment, PyMySQL's cannot.
  constexpr int kDefaultPort = 3306;
  add("port", std::to_string(url.port == 0 ? kDefaultPort : url.port));
  add("user", url.user);
  add("password", url.password);
  add("connect_timeout", connect_timeout(url));
  // A server can ask for any file of this host otherwise.
  add("local_infile", "0");
  // utf8 is the three-byte kind of Glance's tables; what we write of our own may need the fourth.
  const std::string charset = lower_ascii(url_option(url, "charset").value_or("utf8mb4"));
  add("charset", charset == "utf8" || charset == "utf8mb3" ? "utf8mb4" : charset);
  return out;
}

// libmariadb leaves a socket's patience to the system, which is two hours. Of a socket file the
// calls fail, and nothing is needed.
void bound_silence(int fd) {
  const auto set = [&](int level, int option, auto value) {
    const int number = static_cast<int>(value);
    setsockopt(fd, level, option, &number, sizeof(number));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kSilentServer.idle.count());
  set(IPPROTO_TCP, TCP_KEEPINTVL, kSilentServer.between_probes.count());
  set(IPPROTO_TCP, TCP_KEEPCNT, kSilentServer.probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT,
      std::chrono::milliseconds(kSilentServer.unacknowledged).count());
}

// libmariadb would send $MYSQL_PWD where the URL has no password; PyMySQL does not. Called before
// the first connection, when there is one thread.
void ignore_environment() {
  static const int done = unsetenv("MYSQL_PWD");
  static_cast<void>(done);
}

bool is_galera_node(soci::session& session) {
  std::string name;
  std::string value = "OFF";
  session << "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'", soci::into(name), soci::into(value);
  return lower_ascii(value) == "on";
}

// Whether the binary log has statements in place of changed rows. InnoDB then refuses each write at
// READ COMMITTED (error 1665).
bool logs_statements(soci::session& session) {
  bool is_on = false;
  bool is_statement = false;
  const soci::rowset<soci::row> found =
      (session.prepare << "SHOW SESSION VARIABLES WHERE Variable_name IN ('log_bin', "
                          "'binlog_format')");
  for (const soci::row& row : found) {
    const std::string value = lower_ascii(row.get<std::string>(1));
    is_on = is_on || value == "on";
    is_statement = is_statement || value == "statement";
  }
  return is_on && is_statement;
}

// READ COMMITTED takes no locks on the rows that a statement only looks at. Where the server
// forbids it, the log of this session is changed, else its isolation.
// Returns the name of the isolation that the session should have now.
std::string set_isolation(soci::session& session) {
  if (logs_statements(session)) {
    try {
      run_plain(session, "SET SESSION binlog_format = 'ROW'");
    } catch (const soci::mysql_soci_error&) {
      // Only some accounts may; plan says so (sql/server_limits.h).
      run_plain(session, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      return "repeatable-read";
    }
  }
  run_plain(session, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  return "read-committed";
}

// What the server or its init_connect may have set for all sessions, and what would end or change a
// statement of ours.
void set_limits(soci::session& session, std::chrono::seconds lock_timeout) {
  const auto seconds = std::max<std::int64_t>(1, lock_timeout.count());
  // First, because a limit on statements counts at once. What only one of the two servers knows
  // stands in a comment that only this one reads.
  run_plain(session,
            fmt::format("SET SESSION autocommit = 1 /*M!100300 , SESSION "
                        "idle_transaction_timeout = {}, SESSION idle_readonly_transaction_timeout "
                        "= 0, SESSION idle_write_transaction_timeout = 0, SESSION "
                        "max_statement_time = 0 */ /*!50708 , SESSION max_execution_time = 0 */",
                        kForsakenTransaction.count()));
  // Nothing is cut short or taken for another value in silence.
  run_plain(session, "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'");
  run_plain(session, fmt::format("SET SESSION lock_wait_timeout = {}", seconds));
  run_plain(session, fmt::format("SET SESSION innodb_lock_wait_timeout = {}", seconds));
  // Longer than SessionOptions::idle_limit, and than a read of a large result.
  run_plain(session,
            "SET SESSION wait_timeout = 28800, SESSION net_read_timeout = 60, SESSION "
            "net_write_timeout = 60");
  run_plain(session,
            "SET SESSION sql_safe_updates = 0, SESSION sql_big_selects = 1, SESSION "
            "sql_select_limit = 18446744073709551615, SESSION sql_auto_is_null = 0");
}

// A proxy may drop one of several variables of a SET, or all of them (ProxySQL issues 2702, 4956).
// `wanted` has names and values as the server shows them, in lower case, a number as a number.
// Returns what differs. A variable that the server does not have is not in its answer.
using Variables = std::map<std::string, std::string>;

bool same_value(const std::string& found, const std::string& wanted) {
  if (found == wanted)
    return true;
  // "0.000000" of max_statement_time; ON and OFF of switches, which are set by number.
  double number = 0;
  const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), number);
  if (error == std::errc() && end == found.data() + found.size())
    return fmt::format("{}", number) == wanted;
  return (found == "on" && wanted == "1") || (found == "off" && wanted == "0");
}

Variables not_taken(soci::session& session, const Variables& wanted) {
  std::string names;
  for (const auto& [name, value] : wanted)
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
  Variables different;
  const soci::rowset<soci::row> found =
      (session.prepare << "SHOW SESSION VARIABLES WHERE Variable_name IN (" + names + ")");
  for (const soci::row& row : found) {
    const std::string name = lower_ascii(row.get<std::string>(0));
    const auto expected = wanted.find(name);
    if (expected != wanted.end() &&
        !same_value(lower_ascii(row.get<std::string>(1)), expected->second))
      different.insert(*expected);
  }
  return different;
}

// Sets again, each for itself, what the session does not have. Locks, isolation and strictness
// depend on these variables, so a session without one of them is refused.
void require_taken(soci::session& session, const Variables& wanted) {
  const Variables different = not_taken(session, wanted);
  if (different.empty())
    return;
  for (const auto& [name, value] : different) {
    const bool is_number = value.find_first_not_of("0123456789") == std::string::npos;
    run_plain(session,
              fmt::format(fmt::runtime(is_number ? "SET SESSION {} = {}" : "SET SESSION {} = '{}'"),
                          name, value));
  }
  const Variables still = not_taken(session, wanted);
  if (!still.empty())
    throw Error(ErrorKind::connect,
                fmt::format("SET SESSION {} = {} had no effect: a proxy in front of the server "
                            "ignores it",
                            still.begin()->first, still.begin()->second),
                "use --database with the address of the server itself, see docs/mariadb.md, "
                "\"Behind a proxy\"");
}

// What set_limits() has set.
Variables limits_of(std::chrono::seconds lock_timeout) {
  const std::string lock = std::to_string(std::max<std::int64_t>(1, lock_timeout.count()));
  return {{"autocommit", "1"},
          {"idle_transaction_timeout", std::to_string(kForsakenTransaction.count())},
          {"idle_readonly_transaction_timeout", "0"},
          {"idle_write_transaction_timeout", "0"},
          {"max_statement_time", "0"},
          {"max_execution_time", "0"},
          {"sql_mode", "strict_all_tables,no_engine_substitution"},
          {"lock_wait_timeout", lock},
          {"innodb_lock_wait_timeout", lock},
          {"wait_timeout", "28800"},
          {"net_read_timeout", "60"},
          {"net_write_timeout", "60"},
          {"sql_safe_updates", "0"},
          {"sql_big_selects", "1"},
          {"sql_select_limit", "18446744073709551615"},
          {"sql_auto_is_null", "0"}};
}

void open(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  ignore_environment();
  const Tls tls(url);
  session.open(soci::mysql, connection_string(url, tls));
  auto& backend = static_cast<soci::mysql_session_backend&>(*session.get_backend());
  bound_silence(mysql_get_socket(backend.conn_));
  if (tls.wanted && mysql_get_ssl_cipher(backend.conn_) == nullptr)
    throw Error(
        ErrorKind::connect,
        "the server does not encrypt the connection, but the URL requires it: " + url.redacted());
  if (const auto command = url_option(url, "init_command"))
    run_plain(session, *command);
  set_limits(session, options.lock_timeout);
  Variables wanted = limits_of(options.lock_timeout);
  // One of the two names: the first is MariaDB's before 11.1.
  wanted["tx_isolation"] = wanted["transaction_isolation"] = set_isolation(session);
  // What another node has committed is seen here, whichever node this session has come to: before
  // each SELECT, BEGIN (1), UPDATE, DELETE (2) and INSERT (4) the node catches up with the cluster.
  if (is_galera_node(session))
    run_plain(session, "SET SESSION wsrep_sync_wait = 7");
  if (options.mode == OpenMode::read_only)
    run_plain(session, "SET SESSION TRANSACTION READ ONLY");
  wanted["tx_read_only"] = wanted["transaction_read_only"] =
      options.mode == OpenMode::read_only ? "1" : "0";
  require_taken(session, wanted);
}

const EngineFacts& facts(soci::session& session) {
  // The handshake is a proxy's, which says 8.0.11 whatever is behind it. The comment keeps ProxySQL
  // from answering by itself (its issue 5272). MariaDB alone runs what stands in /*M! */.
  std::string version;
  std::string comment;
  int is_mariadb = 0;
  session << "SELECT /* of the server */ VERSION(), @@version_comment, 0 /*M!100300 + 1 */",
      soci::into(version), soci::into(comment), soci::into(is_mariadb);
  const bool named = lower_ascii(version + comment).find("mariadb") != std::string::npos;
  return is_mariadb == 1 || named ? engine_facts(Engine::mysql) : mysql8_facts();
}

// Numbers that headers of MariaDB's client lack; dev.mysql.com/doc/mysql-errors, of the server.
constexpr unsigned kReadOnlyMode = 1836;     // ER_READ_ONLY_MODE
constexpr unsigned kOfflineMode = 3032;      // ER_SERVER_OFFLINE_MODE
constexpr unsigned kReplicationHook = 3100;  // ER_RUN_HOOK_ERROR: a group without its majority
constexpr unsigned kNotAvailable = 3168;     // ER_SERVER_ISNT_AVAILABLE
constexpr unsigned kSessionKilled = 3169;    // ER_SESSION_WAS_KILLED
constexpr unsigned kClientTimeout = 4031;    // ER_CLIENT_INTERACTION_TIMEOUT

// No server has numbers from 9000 to 9999. ProxySQL has 9001 while no server can be reached.
bool is_of_proxy(unsigned code) {
  return code >= 9000 && code <= 9999;
}

bool refuses_writes(const soci::soci_error& error) {
  const auto* mysql = dynamic_cast<const soci::mysql_soci_error*>(&error);
  if (mysql == nullptr)
    return false;
  switch (mysql->err_num_) {
    case ER_OPTION_PREVENTS_STATEMENT:
      // "... is running with the --read-only option"; of other options the error has the same
      // number.
      return lower_ascii(driver_text(error)).find("read-only") != std::string::npos ||
             lower_ascii(driver_text(error)).find("read_only") != std::string::npos;
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case kReadOnlyMode:
      return true;
    default:
      return false;
  }
}

// "UPDATE command denied to user ...", "INDEX command denied ...": the right stands in front.
std::string denied_right(const std::string& text) {
  const std::string right = text.substr(0, text.find(' '));
  return right.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos ? right : "ALL";
}

// Codes: mariadb.com/kb/en/mariadb-error-codes.
Error of_code(unsigned code, const std::string& text, const DatabaseUrl& url) {
  const std::string database = url.redacted();
  if (is_of_proxy(code))
    return Error(ErrorKind::lost,
                 fmt::format("{}: the proxy in front of the server answers: {}", database, text));
  constexpr std::size_t kLongestName = 64;
  constexpr unsigned kWsrepNotReady = 1047;  // ER_UNKNOWN_COM_ERROR, which Galera gives then
  switch (code) {
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK:
      return Error(ErrorKind::busy,
                   "the statement requires a lock that another session holds: " + text);
    // For as long as it takes the node to find its cluster again.
    case kWsrepNotReady:
      return Error(ErrorKind::lost,
                   "this node of the cluster does not accept statements now: " + text);
    case ER_DUP_ENTRY:  // two of us made the same row at the same moment
      return Error(ErrorKind::busy,
                   "another process inserted the same row at the same time: " + text);
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case kReadOnlyMode:
      return Error(ErrorKind::connect,
                   "the server does not accept writes (is it a replica?): " + database,
                   "run the same command with --database and the URL of the primary");
    case ER_DBACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_BAD_DB_ERROR:
      return Error(ErrorKind::connect, fmt::format("{}: {}", database, text));
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
      return Error(ErrorKind::connect, fmt::format("{} lacks a privilege: {}", database, text),
                   fmt::format("GRANT {} ON {}.* TO that account", denied_right(text),
                               printable(url.database, kLongestName)));
    case ER_BINLOG_CREATE_ROUTINE_NEED_SUPER:
      return Error(ErrorKind::connect,
                   "the server keeps a binary log and accepts a trigger only from an account with "
                   "the privilege SUPER: " +
                       database,
                   "SET GLOBAL log_bin_trust_function_creators = ON, with such an account");
    case ER_RECORD_FILE_FULL:
    case ER_DISK_FULL:
      return Error(ErrorKind::no_space, "the server is out of disk: " + text);
    case ER_SERVER_SHUTDOWN:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_CONNECTION_KILLED:
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SSL_CONNECTION_ERROR:
    case kOfflineMode:
    case kReplicationHook:
    case kNotAvailable:
    case kSessionKilled:
    case kClientTimeout:
      return Error(ErrorKind::lost, fmt::format("{}: {}", database, text));
    case ER_CANT_AGGREGATE_2COLLATIONS:
    case ER_CANT_AGGREGATE_3COLLATIONS:
    case ER_CANT_AGGREGATE_NCOLLATIONS:
      return Error(
          ErrorKind::schema_state,
          "tables of Glance's or backglance's own were converted to another collation, and "
          "ids cannot be compared across them: " +
              text,
          "convert the others too, see docs/mariadb.md, \"Another collation\"");
    case ER_ALTER_OPERATION_NOT_SUPPORTED:
    case ER_ALTER_OPERATION_NOT_SUPPORTED_REASON:
      return Error(ErrorKind::schema_state, text);
    default:
      return Error(ErrorKind::sql, text);
  }
}

Error translated(const soci::soci_error& error, const DatabaseUrl& url) {
  const auto* mysql = dynamic_cast<const soci::mysql_soci_error*>(&error);
  const unsigned code = mysql != nullptr ? mysql->err_num_ : 0;
  return of_code(code, driver_text(error), url).with_code(static_cast<int>(code));
}

int exchanged_columns(soci::statement&) {
  return 0;
}

void rows(soci::statement& executed, const std::function<void(const SqlRow&)>& on_row) {
  auto& backend = static_cast<soci::mysql_statement_backend&>(*executed.get_backend());
  MYSQL_RES* result = backend.result_;
  if (result == nullptr)
    return;
  mysql_data_seek(result, 0);
  const unsigned columns = mysql_num_fields(result);
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    const unsigned long* lengths = mysql_fetch_lengths(result);
    std::vector<std::optional<std::string>> values;
    values.reserve(columns);
    for (unsigned i = 0; i < columns; ++i) {
      if (row[i] == nullptr)
        values.emplace_back();
      else
        values.emplace_back(std::string(row[i], lengths[i]));
    }
    on_row(SqlRow(std::move(values)));
  }
}

void hang_up(soci::session& session) {
  const auto& backend = static_cast<soci::mysql_session_backend&>(*session.get_backend());
  // Of a connection that is no more already this is an error without consequence.
  shutdown(mysql_get_socket(backend.conn_), SHUT_RDWR);
}

}  // namespace

const Driver& mysql_driver() {
  static constexpr Driver kDriver = {.open = open,
                                     .facts = facts,
                                     .translated = translated,
                                     .refuses_writes = refuses_writes,
                                     .exchanged_columns = exchanged_columns,
                                     .rows = rows,
                                     .missing_rights = nullptr,
                                     .hang_up = hang_up,
                                     .schema = nullptr};
  return kDriver;
}

}  // namespace backglance
