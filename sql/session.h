// SPDX-License-Identifier: Apache-2.0
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
#include "sql/row.h"
#include "sql/session_options.h"

namespace backglance {

// A connection to Glance's database. One thread at a time; move-only.
// Every failure of the driver becomes an Error of kind connect, busy, lost, sql, no_space,
// schema_state or io. Its text contains no bound values and no passwords.
//
// If the connection breaks, the statement that uses it fails with Error{lost}. The next statement
// begins on a new connection with the same settings; so does a statement after
// SessionOptions::idle_limit. While the server is away, it fails with Error{lost} again. A session
// never repeats a statement: see sql/retry.h. While a ConnectionHold exists, and so in a
// Transaction, no new connection is made.
class Session {
 public:
  // Throws Error{connect} if the database does not exist (an SQLite file is never created) or
  // refuses the connection, and Error{usage} for a URL that is not connectable()
  // (glance/connection_url.h). Does not connect yet with SessionOptions::when_needed.
  explicit Session(const DatabaseUrl& url, SessionOptions options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;

  const EngineFacts& engine() const;
  const DatabaseUrl& url() const;
  // SessionOptions::lock_timeout
  std::int64_t lock_seconds() const;

  // How often the session has connected again.
  int reconnects() const;
  // Whether a ConnectionHold exists.
  bool is_held() const;

  // Runs one statement and returns the number of rows that it matched. {true}, {false}, {now} and
  // {now_datetime} in the text are replaced by the engine's own words. A statement is prepared once
  // and kept.
  std::int64_t execute(std::string_view sql, const SqlParameters& parameters = {});

  // Runs one query and passes each row to `on_row`, in order. `on_row` may use another Session, but
  // not this one. On servers the whole result is in memory first, so read long results page by
  // page.
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

// While this exists, the session keeps its connection. If the connection breaks, every statement
// fails with Error{lost}, because a new connection would lack what was begun or set on the old one.
// May be nested.
class ConnectionHold {
 public:
  explicit ConnectionHold(Session& session);
  ~ConnectionHold();
  ConnectionHold(const ConnectionHold&) = delete;
  ConnectionHold& operator=(const ConnectionHold&) = delete;

  // True if the connection is broken: what was begun on it is rolled back, and its settings are
  // lost.
  bool is_broken() const;

 private:
  Session& session_;
};

// While this exists, schema statements wait for their lock either for a moment or without limit.
// Does nothing if the engine has no such setting.
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

// A write transaction. Takes the engine's write lock at once, if it has one (SQLite: BEGIN
// IMMEDIATE, so that no later statement fails because of a lock). Rolled back unless committed.
// commit() throws Error{in_doubt} if the connection breaks during it.
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
