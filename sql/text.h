// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/engine.h"

namespace backglance {

// A file of SQL as it was when the program was built, by its path in the source tree.
struct SqlFile {
  std::string_view name;
  std::string_view text;
};
const std::vector<SqlFile>& sql_files();

// The statement called `name` in <topic>.<engine>.sql, else in <topic>.sql, whose folder is the
// module that runs it; no two modules have a topic of the same name. A
// statement is what follows a line "-- name: <name>", up to the next such line; a name in braces in
// it stands for that condition of sql/fragments.sql, or
// for that list of results (base/image_result.h). Names are constants of the program: an
// unknown one is a defect and throws std::logic_error.
const std::string& sql_text(const EngineFacts& engine, std::string_view topic,
                            std::string_view name);

// A statement of a schema step. Its "-- key: value" lines say what it is:
//   makes:   the object that it adds or removes: "table T", "column T C", "index T I",
//            "trigger T G", "function F", "revision R", "ledger T V" (the row of table T which says
//            that the ledger has version V); a statement that makes several columns has a line
//            for each
//   replaces: (revision only) the row that it takes the place of; chosen when that row is there
//   lock:    the lock that it takes, for plan
//   cost:    what it costs, for plan
//   waits:   "unbounded": on engines whose statements wait a bounded time for locks, not this one
// A statement that makes "repair T I" removes an index that is there and not valid.
// A statement ends at a line that ends with a semicolon, unless that stands between two $body$. The
// body of a trigger has no such marks: its own semicolons stand within lines.
struct StepStatement {
  std::string kind;   // first word of makes: table, column, index, trigger, function, revision,
                      // ledger, repair
  std::string table;  // of table, column, index, trigger, repair; the function itself
  std::string name;   // of the column, index and so on; the table itself for a table
  std::vector<std::string> names;  // of all that it makes; `name` is the last
  std::string replaces;
  std::string lock;
  std::string cost;
  bool unbounded = false;
  std::string sql;  // one statement, without the comment lines and the final semicolon
  int number = 0;   // in its file, from 1
};

// The statements of <step>/<verb>.<engine>.sql, else of <step>/<verb>.sql, in order. Where a file
// has one statement for several objects and then one for each, the first is for when all of them
// are missing.
std::vector<StepStatement> step_statements(const EngineFacts& engine, std::string_view step,
                                           std::string_view verb);

// SHA-256 in lower-case hex. Of a statement it is the journal's proof of what was run.
std::string sha256_hex(std::string_view text);

}  // namespace backglance
