// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "glance/database_url.h"

namespace backglance {

// The differences between the engines, as data. Apart from these and the drivers, only the few
// places that docs/design.md names ask which engine it is.
struct EngineFacts {
  Engine engine;
  std::string_view name;   // also the suffix of SQL files: "sqlite", "postgresql", "mysql"
  std::string_view title;  // for people
  std::string_view true_literal;
  std::string_view false_literal;
  std::string_view now;           // unix seconds of the database's clock
  std::string_view now_datetime;  // the current time as Glance stores it: UTC without a zone
  std::string_view hour_ago;      // in the same form
  std::string_view two_hours_ago;
  std::string_view day_ago;
  // Expressions for the row i of images. has_id: whether its id is a valid one; paging by id
  // depends on this. known_size: its size as a whole number, 0 if it is not a number or impossibly
  // large.
  std::string_view has_id;
  std::string_view known_size;
  // The scheme of the location l, in the case in which it is stored; '' if the value has none.
  std::string_view location_scheme;
  std::string_view text_type;  // the type for CAST that turns any value into text
  // Before a column: compares byte for byte, if the engine would otherwise ignore case.
  std::string_view exact;
  // After a text that is compared with a date column, or written to it.
  std::string_view as_datetime;
  // After a table: makes the engine use the primary key, so that no other row is read or locked.
  std::string_view by_primary_key;
  std::string_view begin_write;
  // The begin and the end of an INSERT that does nothing if the row exists.
  std::string_view insert_if_new;
  std::string_view if_new;
  // For our own tables: a key that counts up by itself, a text with any characters and any length,
  // and what follows the closing parenthesis. {images_collation} in it is the collation of
  // images.id, because our ids are compared with it.
  std::string_view auto_id;
  std::string_view wide_text;
  std::string_view table_options;
  bool transactional_ddl;
  // True: schema statements run one by one beside live writers, each with a limited wait for its
  // lock.
  bool online_ddl;
  // True: triggers are hidden from accounts that may not create them.
  bool hides_triggers;
  // The privilege that shows who blocks a schema statement.
  std::string_view sees_sessions_by;
  // What sql/load.h can ask. tells_load: a server for its load and, if it is a replica, its lag.
  // primary_knows_lag: a primary for the lag of all its replicas. may_be_galera: a member of a
  // Galera cluster for its flow control.
  bool tells_load;
  bool primary_knows_lag;
  bool may_be_galera;
  bool index_names_are_global;  // unique in the database or schema; false: in their table
  // How the catalogue spells the types of Glance's columns, in lower case.
  std::string_view boolean_type;
  std::string_view boolean_false_default;
  std::string_view varchar_type;  // the length follows in parentheses
  // The words with which a schema statement on a Glance table limits its wait for the lock.
  std::string_view ddl_wait;
  // Session settings: how long a statement waits for a lock; {} stands for the seconds.
  std::string_view wait_seconds;
  std::string_view wait_a_moment;
  std::string_view wait_without_end;
  // The words with which a schema statement requires an algorithm.
  std::string_view instant;
  std::string_view online_index;
  // The cost of adding a column with `instant`; and the words and the cost if the table or the
  // server does not allow that.
  std::string_view instant_cost;
  std::string_view rebuild;
  std::string_view rebuild_cost;
  // The error numbers with which the server refuses `instant`.
  std::array<int, 5> instant_refusals = {};
};

// For Engine::mysql, the facts of MariaDB.
const EngineFacts& engine_facts(Engine engine);
// The facts of MySQL, from 8.0 on. scripts/slow runs tests of each phase on MySQL 9.7.
const EngineFacts& mysql8_facts();

// True if an error with this number means that the server refuses `instant`.
bool refuses_instant(const EngineFacts& facts, int code);

// `facts` for a table that must be rebuilt to add a column.
EngineFacts rebuilding(EngineFacts facts);

// Replaces each word in braces in `sql` by the engine's own text: {true}, {now}, {has_id} and so
// on; engine.cpp has the list.
std::string in_dialect(std::string_view sql, const EngineFacts& facts);

}  // namespace backglance
