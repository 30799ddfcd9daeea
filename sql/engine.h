// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "glance/database_url.h"

namespace backglance {

// What differs between the databases, as data. Nothing else in the program asks which engine it is.
struct EngineFacts {
  Engine engine;
  std::string_view name;   // also the suffix of SQL files: "sqlite", "postgresql", "mysql"
  std::string_view title;  // for people
  std::string_view true_literal;
  std::string_view false_literal;
  std::string_view now;           // unix seconds of the database's clock
  std::string_view now_datetime;  // that moment as Glance stores it: naive UTC
  std::string_view hour_ago;      // likewise
  std::string_view two_hours_ago;
  std::string_view day_ago;
  // For the row i of images: whether its id is one, which pages in the order of ids depend on, and
  // its size as a whole number, 0 if it is none or beyond belief.
  std::string_view has_id;
  std::string_view known_size;
  std::string_view text_type;  // what CAST turns any value into its text by
  // Before a column: compares it byte for byte, where the engine would not tell "A" from "a".
  std::string_view exact;
  // After a text that is to be compared with, or written to, a column of dates.
  std::string_view as_datetime;
  // After a table: takes its rows by primary key alone, so that no other is read or locked.
  std::string_view by_primary_key;
  std::string_view begin_write;
  // An INSERT that leaves a row be which is there already.
  std::string_view insert_if_new;
  std::string_view if_new;  // the end of it
  // Of our own tables: a key that counts by itself, a text of any characters and length, and what
  // follows the closing parenthesis; {images_collation} in it is that of images.id, with which our
  // ids are compared.
  std::string_view auto_id;
  std::string_view wide_text;
  std::string_view table_options;
  bool transactional_ddl;
  // Schema statements run one by one, each with a bounded wait for its lock, beside live writers.
  bool online_ddl;
  // From an account that may not make them.
  bool hides_triggers;
  // What an account is granted to be shown who is in the way of such a statement.
  std::string_view sees_sessions_by;
  // Whom sql/load.h may ask what: a server for its load and, as a replica, for its lag; a primary
  // for the lag of all its replicas; a member of a Galera cluster for its flow control.
  bool tells_load;
  bool primary_knows_lag;
  bool may_be_galera;
  bool index_names_are_global;  // in the database (or schema); else in their table
  // How the catalogue spells the types of Glance's columns, lower case.
  std::string_view boolean_type;
  std::string_view boolean_false_default;
  std::string_view varchar_type;  // the length follows in parentheses
  // How a schema statement on a table of Glance's names its bound on the wait for the lock, and the
  // algorithm that it insists on.
  std::string_view ddl_wait;
  // Settings of a session: how long a statement waits for a lock; {} stands for the seconds.
  std::string_view wait_seconds;
  std::string_view wait_a_moment;
  std::string_view wait_without_end;
  std::string_view instant;
  std::string_view online_index;
  // What adding a column costs by `instant`, and the words and the cost where the table or the
  // server rules that out.
  std::string_view instant_cost;
  std::string_view rebuild;
  std::string_view rebuild_cost;
  // The numbers of the errors by which the server refuses `instant`.
  std::array<int, 5> instant_refusals = {};
};

// Of Engine::mysql those of MariaDB.
const EngineFacts& engine_facts(Engine engine);
// Where MySQL 8 differs from MariaDB. Not run by our tests: Debian has no MySQL.
const EngineFacts& mysql8_facts();

// Whether the error of this number says that the server does not change the dictionary alone.
bool refuses_instant(const EngineFacts& facts, int code);

// `facts` for a table to which no column can be added in the dictionary alone.
EngineFacts rebuilding(EngineFacts facts);

// `sql` with each word in braces ({true}, {now}, {has_id}, ...; the list is in engine.cpp) replaced
// by the engine's own.
std::string in_dialect(std::string_view sql, const EngineFacts& facts);

}  // namespace backglance
