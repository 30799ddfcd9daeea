// SPDX-License-Identifier: Apache-2.0
#include "sql/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <map>

#include "base/text.h"
#include "glance/connection_url.h"
#include "sql/driver.h"
#include "sql/schema_names.h"

namespace backglance {
namespace {

const Driver& driver_of(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return postgresql_driver();
    case Engine::mysql:
      return mysql_driver();
    case Engine::sqlite:
      break;
  }
  return sqlite_driver();
}

// Whether a session of this process has changed rows. All of them have the same database.
std::atomic<bool> has_written = false;

// A prepared statement with what its parameters and columns are exchanged through.
struct Prepared {
  std::deque<std::int64_t> integers;
  std::deque<std::string> texts;
  std::deque<soci::indicator> indicators;
  std::vector<std::string> columns;
  std::deque<soci::indicator> column_indicators;
  soci::statement statement;  // last: it goes before what it points to

  explicit Prepared(soci::session& session) : statement(session) {}
};

// Statements kept per session. Those of the program are about a hundred.
constexpr std::size_t kKeptStatements = 300;

// The types of the parameters, by which a text may have to be prepared anew: SOCI binds an element
// of one type for good. NULL goes as a text.
std::string signature(const SqlParameters& parameters) {
  std::string kinds;
  for (const auto& [name, value] : parameters)
    kinds += std::holds_alternative<std::int64_t>(value) ? 'i' : 's';
  return kinds;
}

void set_values(Prepared& prepared, const SqlParameters& parameters) {
  std::size_t integer = 0;
  std::size_t text = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const SqlValue& value = parameters[i].value;
    prepared.indicators[i] =
        std::holds_alternative<std::nullptr_t>(value) ? soci::i_null : soci::i_ok;
    if (const auto* number = std::get_if<std::int64_t>(&value))
      prepared.integers[integer++] = *number;
    else if (const auto* string = std::get_if<std::string>(&value))
      prepared.texts[text++] = *string;
    else
      prepared.texts[text++].clear();
  }
}

std::unique_ptr<Prepared> prepare(soci::session& session, const std::string& sql,
                                  const SqlParameters& parameters) {
  auto prepared = std::make_unique<Prepared>(session);
  prepared->statement.alloc();
  for (const auto& [name, value] : parameters) {
    soci::indicator& indicator = prepared->indicators.emplace_back(soci::i_ok);
    if (std::holds_alternative<std::int64_t>(value))
      prepared->statement.exchange(soci::use(prepared->integers.emplace_back(0), indicator, name));
    else
      prepared->statement.exchange(soci::use(prepared->texts.emplace_back(), indicator, name));
  }
  prepared->statement.prepare(sql);
  return prepared;
}

}  // namespace

std::string driver_text(const soci::soci_error& error) {
  std::string text = error.get_error_message();
  // "sqlite3_statement_backend::loadOne: integer overflow"
  if (const auto colons = text.find("::"); colons != std::string::npos)
    if (const auto end = text.find(": ", colons); end != std::string::npos)
      text.erase(0, end + 2);
  // "Cannot execute query. Fatal error. ERROR:  deadlock detected", or, without a word of the
  // server's, "Cannot establish connection to the database.\nconnection to server at ...". Lines of
  // detail and context follow, with values in them.
  constexpr std::string_view kServerSays = "ERROR:  ";
  if (const auto says = text.find(kServerSays); says != std::string::npos)
    text.erase(0, says + kServerSays.size());
  for (const std::string_view soci_says :
       {"Cannot establish connection to the database.\n", "Cannot prepare statement.",
        "Cannot execute query.", " Fatal error.", " Connection failed.", " "})
    if (text.starts_with(soci_says))
      text.erase(0, soci_says.size());
  text.erase(std::min(text.find('\n'), text.size()));
  if (text.empty())
    text = "the connection broke";
  constexpr std::size_t kLongest = 300;
  return printable(trim(text), kLongest);
}

void run_plain(soci::session& session, const std::string& sql) {
  soci::statement statement(session);
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(true);
}

std::string quoted_value(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "'";
}

std::optional<std::string> url_option(const DatabaseUrl& url, std::string_view key) {
  // connectable() has refused what is given twice.
  const auto found = url.query.find(std::string(key));
  return found == url.query.end() ? std::nullopt : std::optional<std::string>(found->second);
}

SqlValue sql_value(const std::optional<std::string>& text) {
  return text ? SqlValue(*text) : SqlValue(nullptr);
}

SqlValue text_or_null(const std::string& text) {
  return text.empty() ? SqlValue(nullptr) : SqlValue(text);
}

SqlValue sql_value(const std::optional<std::int64_t>& number) {
  return number ? SqlValue(*number) : SqlValue(nullptr);
}

std::optional<std::int64_t> SqlRow::integer(std::size_t column) const {
  const auto& text = columns_.at(column);
  if (!text)
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    return std::nullopt;
  return number;
}

bool SqlRow::truth(std::size_t column) const {
  const std::string text = text_or_empty(column);
  return text == "1" || text == "t" || text == "true";
}

struct Session::Connection {
  using Clock = std::chrono::steady_clock;

  DatabaseUrl url;
  SessionOptions options;
  const Driver& driver;
  const EngineFacts* facts;
  std::string schema;  // before the names of tables; empty: none
  int reconnects = 0;
  int holds = 0;
  bool broken;
  Clock::time_point used;
  soci::session soci;
  // By text and types of the parameters. After `soci`, so that they go first.
  std::map<std::string, std::unique_ptr<Prepared>, std::less<>> statements;

  Connection(const DatabaseUrl& to, const SessionOptions& with)
      : url(connectable(to)),
        options(with),
        driver(driver_of(to.engine)),
        facts(&engine_facts(to.engine)),
        broken(with.when_needed) {}
  ~Connection() { hang_up(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void open();
  void make_ready();
  void hang_up();
  Error failed(const soci::soci_error& error, std::string_view sql,
               const SqlParameters& parameters);
  Error with_rights(const soci::soci_error& error, const Error& cause, std::string_view sql) const;
  Prepared& statement(std::string_view sql, const SqlParameters& parameters, bool returns_rows);
  void forget(std::string_view sql, const SqlParameters& parameters);
  static std::string key(std::string_view sql, const SqlParameters& parameters) {
    return signature(parameters).append(1, ' ').append(sql);
  }
};

void Session::Connection::open() {
  driver.open(soci, url, options);
  facts = &driver.facts(soci);
  schema = driver.schema == nullptr ? std::string() : driver.schema(soci);
  broken = false;
  used = Clock::now();
}

// Before each statement.
void Session::Connection::make_ready() {
  if (holds > 0 || (!broken && Clock::now() - used <= options.idle_limit))
    return;
  ++reconnects;
  broken = true;
  hang_up();
  statements.clear();
  soci.close();
  try {
    open();
  } catch (const soci::soci_error& error) {
    throw driver.translated(error, url);
  }
}

// Statements and connections that end say so to the server, each by itself, and would wait for
// one that is away.
void Session::Connection::hang_up() {
  if (broken && driver.hang_up != nullptr && soci.get_backend() != nullptr)
    driver.hang_up(soci);
}

// Of a statement. What has failed is prepared anew the next time.
Error Session::Connection::failed(const soci::soci_error& error, std::string_view sql,
                                  const SqlParameters& parameters) {
  Error cause = driver.translated(error, url);
  // A server that took writes of ours and takes no more is not the primary any longer. The address
  // may lead to the new one; a server that never took any is refused at once.
  const bool may_write = options.mode == OpenMode::read_write && driver.refuses_writes != nullptr;
  if (may_write && has_written && driver.refuses_writes(error))
    cause = Error(ErrorKind::lost, cause.what(), cause.next()).with_code(cause.code());
  if (cause.kind() == ErrorKind::lost) {
    broken = true;
    hang_up();
  }
  used = Clock::now();
  forget(sql, parameters);
  return with_rights(error, cause, sql);
}

// What a role lacks is asked for when a statement was refused.
Error Session::Connection::with_rights(const soci::soci_error& error, const Error& cause,
                                       std::string_view sql) const {
  if (cause.kind() != ErrorKind::connect || driver.missing_rights == nullptr)
    return cause;
  try {
    const MissingRights missing = driver.missing_rights(error, url, sql);
    if (!missing.names.empty())
      return Error(cause.kind(), fmt::format("{}; missing: {}", cause.what(), missing.names),
                   missing.grants);
  } catch (const soci::soci_error&) {
    // The refusal stands, without the details.
  }
  return cause;
}

Prepared& Session::Connection::statement(std::string_view sql, const SqlParameters& parameters,
                                         bool returns_rows) {
  const std::string name = key(sql, parameters);
  auto found = statements.find(name);
  if (found == statements.end()) {
    if (statements.size() >= kKeptStatements)
      statements.clear();
    auto made = prepare(soci, in_schema(in_dialect(sql, *facts), schema), parameters);
    // Every column goes into text: a dynamic soci::row would take the types from the table's
    // declaration and fail on values of another type.
    if (returns_rows) {
      made->columns.resize(static_cast<std::size_t>(driver.exchanged_columns(made->statement)));
      for (std::string& column : made->columns)
        made->statement.exchange(
            soci::into(column, made->column_indicators.emplace_back(soci::i_ok)));
    }
    made->statement.define_and_bind();
    found = statements.emplace(name, std::move(made)).first;
  }
  set_values(*found->second, parameters);
  return *found->second;
}

void Session::Connection::forget(std::string_view sql, const SqlParameters& parameters) {
  statements.erase(key(sql, parameters));
}

Session::Session(const DatabaseUrl& url, SessionOptions options)
    : connection_(std::make_unique<Connection>(url, options)) {
  if (options.when_needed)
    return;
  try {
    connection_->open();
  } catch (const soci::soci_error& error) {
    const Error cause = connection_->driver.translated(error, url);
    if (cause.kind() == ErrorKind::sql || cause.kind() == ErrorKind::lost)
      throw Error(ErrorKind::connect, cause.what());
    throw cause;
  }
}

int Session::reconnects() const {
  return connection_->reconnects;
}

bool Session::is_held() const {
  return connection_->holds > 0;
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

std::int64_t Session::lock_seconds() const {
  return connection_->options.lock_timeout.count();
}

const EngineFacts& Session::engine() const {
  return *connection_->facts;
}

const DatabaseUrl& Session::url() const {
  return connection_->url;
}

std::int64_t Session::execute(std::string_view sql, const SqlParameters& parameters) {
  connection_->make_ready();
  try {
    soci::statement& statement = connection_->statement(sql, parameters, false).statement;
    statement.execute(true);
    connection_->used = Connection::Clock::now();
    const auto matched = statement.get_affected_rows();
    if (matched > 0)
      has_written = true;
    return matched;
  } catch (const soci::soci_error& error) {
    throw connection_->failed(error, sql, parameters);
  }
}

void Session::query(std::string_view sql, const SqlParameters& parameters,
                    const std::function<void(const SqlRow&)>& on_row) {
  connection_->make_ready();
  const Driver& driver = connection_->driver;
  try {
    Prepared& prepared = connection_->statement(sql, parameters, true);
    bool more = prepared.statement.execute(driver.rows == nullptr);
    connection_->used = Connection::Clock::now();
    if (driver.rows != nullptr) {
      driver.rows(prepared.statement, on_row);
      return;
    }
    while (more) {
      std::vector<std::optional<std::string>> values;
      values.reserve(prepared.columns.size());
      for (std::size_t i = 0; i < prepared.columns.size(); ++i)
        values.push_back(prepared.column_indicators[i] == soci::i_null
                             ? std::nullopt
                             : std::optional<std::string>(prepared.columns[i]));
      on_row(SqlRow(std::move(values)));
      more = prepared.statement.fetch();
    }
  } catch (const soci::soci_error& error) {
    throw connection_->failed(error, sql, parameters);
  } catch (...) {
    // Of the callback: the statement still stands on a row, and SQLite would hold its lock.
    connection_->forget(sql, parameters);
    throw;
  }
}

std::vector<SqlRow> Session::rows(std::string_view sql, const SqlParameters& parameters) {
  std::vector<SqlRow> all;
  query(sql, parameters, [&](const SqlRow& row) { all.push_back(row); });
  return all;
}

std::optional<SqlRow> Session::first_row(std::string_view sql, const SqlParameters& parameters) {
  std::optional<SqlRow> first;
  query(sql, parameters, [&](const SqlRow& row) {
    if (!first)
      first = row;
  });
  return first;
}

std::int64_t Session::count(std::string_view sql, const SqlParameters& parameters) {
  const auto row = first_row(sql, parameters);
  return row ? row->integer_or(0, 0) : 0;
}

ConnectionHold::ConnectionHold(Session& session) : session_(session) {
  ++session_.connection_->holds;
}

ConnectionHold::~ConnectionHold() {
  --session_.connection_->holds;
}

bool ConnectionHold::is_broken() const {
  return session_.connection_->broken;
}

namespace {

// On a connection that is whole: none has taken its place since the last statement.
Session& ready(Session& session, const std::string& statement) {
  if (!statement.empty())
    session.execute(statement);
  return session;
}

}  // namespace

DdlPatience::DdlPatience(Session& session, bool unbounded)
    : session_(session),
      hold_(ready(session, std::string(unbounded ? session.engine().wait_without_end
                                                 : session.engine().wait_a_moment))) {}

DdlPatience::~DdlPatience() {
  const EngineFacts& facts = session_.engine();
  if (facts.wait_a_moment.empty() || hold_.is_broken())
    return;
  try {
    session_.execute(fmt::format(fmt::runtime(facts.wait_seconds),
                                 std::max<std::int64_t>(1, session_.lock_seconds())));
  } catch (const Error&) {
    // The connection is gone, and its settings with it.
  }
}

Transaction::Transaction(Session& session) : session_(session) {
  session_.execute(session_.engine().begin_write);
  hold_.emplace(session_);
}

Transaction::~Transaction() {
  if (!hold_ || hold_->is_broken())
    return;
  try {
    session_.execute("ROLLBACK");
  } catch (const Error&) {
    // The engine has rolled back by itself already (SQLite does on a full disk), or the connection
    // is gone and the server does.
  }
}

void Transaction::commit() {
  try {
    session_.execute("COMMIT");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::lost)
      throw Error(ErrorKind::in_doubt,
                  fmt::format("the connection broke during a commit: {}", error.what()));
    throw;
  }
  hold_.reset();
}

}  // namespace backglance
