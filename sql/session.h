#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "glance/database_url.h"
#include "sql/engine.h"

namespace backglance {

// A bound value. Booleans of Glance's tables are written in the SQL text as {true} and {false},
// because SOCI 4.0 cannot bind them and PostgreSQL refuses integers for them.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string>;

struct SqlParameter {
  std::string name;  // of ":name" in the text
  SqlValue value;
};
using SqlParameters = std::vector<SqlParameter>;

SqlValue sql_value(const std::optional<std::string>& text);
// NULL for an empty text.
SqlValue text_or_null(const std::string& text);
SqlValue sql_value(const std::optional<std::int64_t>& number);

// One row of a result. Every column arrives as text or NULL, whatever the engine declares, so that
// garbage in a column is data to judge here and not an exception of a driver.
class SqlRow {
 public:
  explicit SqlRow(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}

  std::size_t size() const { return columns_.size(); }
  bool is_null(std::size_t column) const { return !columns_.at(column).has_value(); }
  const std::optional<std::string>& text(std::size_t column) const { return columns_.at(column); }
  // The text, empty for NULL.
  std::string text_or_empty(std::size_t column) const { return columns_.at(column).value_or(""); }
  // The integer; nothing for NULL and for what is not one.
  std::optional<std::int64_t> integer(std::size_t column) const;
  std::int64_t integer_or(std::size_t column, std::int64_t other) const {
    return integer(column).value_or(other);
  }
  bool truth(std::size_t column) const;

 private:
  std::vector<std::optional<std::string>> columns_;
};

enum class OpenMode { read_only, read_write };

struct SessionOptions {
  OpenMode mode = OpenMode::read_write;
  // How long a statement waits for somebody else's lock before it fails with Error{busy}.
  std::chrono::seconds lock_timeout{10};
  // A connection that stood idle for so long is taken for cut: servers, and firewalls on the way to
  // them, cut such ones without a word.
  std::chrono::seconds idle_limit{600};
  // The first statement makes the connection, and fails with Error{lost} while the server is away:
  // for sessions that a run opens on its way, which sql/retry.h brings over that.
  bool when_needed = false;
};

// A connection to Glance's database. Used by one thread at a time; move-only.
// Every failure of the driver leaves as an Error of kind connect, busy, lost, sql, no_space,
// schema_state or io, its text free of bound values and passwords.
//
// The statement under which a connection breaks fails with Error{lost}; the next one begins on a
// new connection with the same settings, as does one after SessionOptions::idle_limit. It fails
// with Error{lost} again while the server is away. Nothing is repeated here: see sql/retry.h.
// Within a ConnectionHold, so in a Transaction, no connection takes another's place.
class Session {
 public:
  // Throws Error{connect} if the database is not there (an SQLite file is never created) or refuses
  // us; nothing with SessionOptions::when_needed.
  explicit Session(const DatabaseUrl& url, SessionOptions options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;

  const EngineFacts& engine() const;
  const DatabaseUrl& url() const;
  // SessionOptions::lock_timeout
  std::int64_t lock_seconds() const;

  // How often a connection was made after the session was.
  int reconnects() const;
  // Whether a ConnectionHold lives.
  bool is_held() const;

  // Runs one statement and returns the number of rows that it matched. {true}, {false}, {now} and
  // {now_datetime} in the text become the engine's own words. Statements are prepared once and
  // kept.
  std::int64_t execute(std::string_view sql, const SqlParameters& parameters = {});

  // Runs one query and hands over each row in order. The callback may use another Session, not this
  // one. On servers the whole result is in memory first: what may be long is asked for by pages.
  void query(std::string_view sql, const SqlParameters& parameters,
             const std::function<void(const SqlRow&)>& on_row);

  std::vector<SqlRow> rows(std::string_view sql, const SqlParameters& parameters = {});
  std::optional<SqlRow> first_row(std::string_view sql, const SqlParameters& parameters = {});
  // The first column of the first row; 0 if there is none.
  std::int64_t count(std::string_view sql, const SqlParameters& parameters = {});

 private:
  friend class ConnectionHold;
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

// While this lives the session keeps its connection, and fails with Error{lost} once that is
// broken: what was begun or set on it would be missing on another one. May be nested.
class ConnectionHold {
 public:
  explicit ConnectionHold(Session& session);
  ~ConnectionHold();
  ConnectionHold(const ConnectionHold&) = delete;
  ConnectionHold& operator=(const ConnectionHold&) = delete;

  // The connection is broken; what was begun on it is undone, what was set on it gone.
  bool is_broken() const;

 private:
  Session& session_;
};

// How long schema statements wait for their lock, for the life of this object: a moment, or without
// end. Nothing where the engine has no such setting.
class DdlPatience {
 public:
  DdlPatience(Session& session, bool unbounded);
  ~DdlPatience();
  DdlPatience(const DdlPatience&) = delete;
  DdlPatience& operator=(const DdlPatience&) = delete;

 private:
  Session& session_;
  ConnectionHold hold_;
};

// A write transaction: takes the engine's write lock at once where it has one (SQLite: BEGIN
// IMMEDIATE, so that no later statement of it fails for a lock). Rolled back unless committed;
// commit() throws Error{in_doubt} if the connection breaks under it.
class Transaction {
 public:
  explicit Transaction(Session& session);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Session& session_;
  std::optional<ConnectionHold> hold_;  // until the end of the transaction
};

}  // namespace backglance
