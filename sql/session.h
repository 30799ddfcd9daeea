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
