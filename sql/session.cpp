#include "sql/session.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <deque>

#include "base/text.h"

namespace backglance {
namespace {

// Result codes of SQLite (sqlite.org/rescode.html). Its header cannot be included beside SOCI's,
// which declares the same types inside a namespace.
constexpr int kSqliteBusy = 5;
constexpr int kSqliteLocked = 6;
constexpr int kSqliteReadOnly = 8;
constexpr int kSqliteIoError = 10;
constexpr int kSqliteCorrupt = 11;
constexpr int kSqliteFull = 13;
constexpr int kSqliteCannotOpen = 14;
constexpr int kSqliteNotADatabase = 26;

// The driver's own sentence without the statement and the parameters that SOCI appends to what():
// they may hold locations.
std::string driver_text(const soci::soci_error& error) {
  std::string text = error.get_error_message();
  // "sqlite3_statement_backend::loadOne: integer overflow"
  if (const auto colons = text.find("::"); colons != std::string::npos)
    if (const auto end = text.find(": ", colons); end != std::string::npos)
      text.erase(0, end + 2);
  return printable(text, 300);
}

Error translated(const soci::soci_error& error, const DatabaseUrl& url) {
  const std::string database = url.redacted();
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    switch (sqlite->result() & 0xFF) {
      case kSqliteBusy:
      case kSqliteLocked:
        return Error(ErrorKind::busy, "the database is locked by another process: " + database);
      case kSqliteReadOnly:
        return Error(ErrorKind::connect, "the database is read-only for this user: " + database);
      case kSqliteFull:
        return Error(ErrorKind::io, "the disk of the database is full: " + database);
      case kSqliteIoError:
        return Error(ErrorKind::io, "the disk of the database fails: " + driver_text(error));
      case kSqliteCorrupt:
        return Error(ErrorKind::sql, "the database file is damaged: " + database,
                     "sqlite3 FILE 'PRAGMA integrity_check'");
      case kSqliteCannotOpen:
        return Error(ErrorKind::connect, "the database file cannot be opened: " + database);
      case kSqliteNotADatabase:
        return Error(ErrorKind::connect, "the file is not an SQLite database: " + database);
      default:
        break;
    }
  }
  return Error(ErrorKind::sql, driver_text(error));
}

std::string sqlite_connection_string(const DatabaseUrl& url, const SessionOptions& options) {
  struct stat info = {};
  if (stat(url.database.c_str(), &info) != 0)
    throw Error(ErrorKind::connect,
                io_error("the database file cannot be opened: " + url.redacted(), errno).what(),
                url.database.starts_with('/')
                    ? ""
                    : "an absolute path takes four slashes: sqlite:////srv/glance.sqlite");
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorKind::connect, "the database is not a regular file: " + url.redacted());
  // SOCI's parser takes the value between quotes as it stands and has no escape.
  if (url.database.find('"') != std::string::npos)
    throw Error(ErrorKind::usage, "a path of an SQLite database with '\"' in it is not supported");
  return fmt::format("dbname=\"{}\" timeout={}{}", url.database, options.lock_timeout.count(),
                     options.mode == OpenMode::read_only ? " readonly=true" : "");
}

// What a statement's parameters and columns are exchanged through; must outlive the statement.
struct Exchange {
  std::deque<std::int64_t> integers;
  std::deque<std::string> texts;
  std::deque<soci::indicator> indicators;
};

void bind(soci::statement& statement, Exchange& exchange, const SqlParameters& parameters) {
  for (const auto& [name, value] : parameters) {
    exchange.indicators.push_back(soci::i_ok);
    soci::indicator& indicator = exchange.indicators.back();
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      exchange.integers.push_back(*number);
      statement.exchange(soci::use(exchange.integers.back(), indicator, name));
      continue;
    }
    const auto* text = std::get_if<std::string>(&value);
    exchange.texts.push_back(text != nullptr ? *text : std::string());
    if (text == nullptr)
      indicator = soci::i_null;
    statement.exchange(soci::use(exchange.texts.back(), indicator, name));
  }
}

}  // namespace

SqlValue sql_value(const std::optional<std::string>& text) {
  return text ? SqlValue(*text) : SqlValue(nullptr);
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
  DatabaseUrl url;
  const EngineFacts& facts;
  soci::session soci;
};

Session::Session(const DatabaseUrl& url, SessionOptions options)
    : connection_(new Connection{url, engine_facts(url.engine), soci::session()}) {
  try {
    open(options);
  } catch (const soci::soci_error& error) {
    const Error cause = translated(error, url);
    if (cause.kind() == ErrorKind::sql)
      throw Error(ErrorKind::connect, cause.what());
    throw cause;
  }
}

void Session::open(SessionOptions options) {
  const auto try_open = [&](OpenMode mode) {
    options.mode = mode;
    connection_->soci.open(soci::sqlite3, sqlite_connection_string(connection_->url, options));
    // SQLite opens lazily; the first page tells whether it is a database at all.
    execute_raw("PRAGMA schema_version");
  };
  if (options.mode == OpenMode::read_write)
    return try_open(OpenMode::read_write);
  try {
    try_open(OpenMode::read_only);
  } catch (const soci::sqlite3_soci_error& error) {
    // A process that was killed in mid-commit leaves a journal that the next reader has to roll
    // back, for which a read-only connection lacks the right.
    const int code = error.result() & 0xFF;
    if (code != kSqliteReadOnly && code != kSqliteCannotOpen)
      throw;
    connection_->soci.close();
    try_open(OpenMode::read_write);
    execute_raw("PRAGMA query_only = ON");
  }
}

void Session::execute_raw(const std::string& sql) {
  soci::statement statement(connection_->soci);
  statement.alloc();
  statement.prepare(sql);
  statement.define_and_bind();
  statement.execute(true);
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

const EngineFacts& Session::engine() const {
  return connection_->facts;
}

std::int64_t Session::execute(std::string_view sql, const SqlParameters& parameters) {
  try {
    Exchange exchange;
    soci::statement statement(connection_->soci);
    statement.alloc();
    bind(statement, exchange, parameters);
    statement.prepare(in_dialect(sql, connection_->facts));
    statement.define_and_bind();
    statement.execute(true);
    return statement.get_affected_rows();
  } catch (const soci::soci_error& error) {
    throw translated(error, connection_->url);
  }
}

void Session::query(std::string_view sql, const SqlParameters& parameters,
                    const std::function<void(const SqlRow&)>& on_row) {
  try {
    Exchange exchange;
    soci::statement statement(connection_->soci);
    statement.alloc();
    bind(statement, exchange, parameters);
    statement.prepare(in_dialect(sql, connection_->facts));

    // Every column goes into text: a dynamic soci::row would take the types from the table's
    // declaration and fail on values of another type.
    const int columns = statement.get_backend()->prepare_for_describe();
    std::deque<std::string> texts(static_cast<std::size_t>(columns));
    std::deque<soci::indicator> indicators(static_cast<std::size_t>(columns), soci::i_ok);
    for (std::size_t i = 0; i < texts.size(); ++i)
      statement.exchange(soci::into(texts[i], indicators[i]));
    statement.define_and_bind();
    bool more = statement.execute(true);
    while (more) {
      std::vector<std::optional<std::string>> values;
      values.reserve(texts.size());
      for (std::size_t i = 0; i < texts.size(); ++i)
        values.push_back(indicators[i] == soci::i_null ? std::nullopt
                                                       : std::optional<std::string>(texts[i]));
      on_row(SqlRow(std::move(values)));
      more = statement.fetch();
    }
  } catch (const soci::soci_error& error) {
    throw translated(error, connection_->url);
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

Transaction::Transaction(Session& session) : session_(session) {
  session_.execute(session_.engine().begin_write);
}

Transaction::~Transaction() {
  if (!open_)
    return;
  try {
    session_.execute("ROLLBACK");
  } catch (const Error&) {
    // The engine has rolled back by itself already (SQLite does on a full disk), or the connection
    // is gone and the server does.
  }
}

void Transaction::commit() {
  session_.execute("COMMIT");
  open_ = false;
}

}  // namespace backglance
