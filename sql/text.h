// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/embedded_file.h"
#include "sql/engine.h"

namespace backglance {

// The files of SQL, of all modules.
const std::vector<EmbeddedFile>& sql_files();

// The statement `name` in <topic>.<engine>.sql, or else in <topic>.sql. The file is in the folder
// of the module that runs it; no two modules have the same topic. A statement begins after a line
// "-- name: <name>" and ends at the next such line. A name in braces stands for that condition in
// sql/fragments.sql, or for that list of results (base/image_result.h). Names are constants of the
// program, so an unknown name is a defect and throws std::logic_error.
const std::string& sql_text(const EngineFacts& engine, std::string_view topic,
                            std::string_view name);

// A statement of a schema step. The lines "-- key: value" above it describe it:
//   makes:   the object that it adds or removes: "table T", "column T C", "index T I",
//            "trigger T G", "function F", "revision R", "ledger T V" (the row of table T that says
//            that the ledger has version V); a statement for several columns has a line for each
//   replaces: (revision only) the row that it replaces; the statement is chosen if that row is
//            there
//   lock:    the lock that it takes, for plan
//   cost:    what it costs, for plan
//   waits:   "unbounded": this statement waits for its lock without limit, on engines where others
//            wait for a limited time
// A statement that makes "repair T I" removes an invalid index.
// A statement ends at a line that ends with a semicolon, unless the line is between two $body$. The
// body of a trigger has no such marks: none of its lines may end with a semicolon.
struct StepStatement {
  std::string kind;   // first word of makes: table, column, index, trigger, function, revision,
                      // ledger, repair
  std::string table;  // the table of the object; for a function, the function itself
  std::string name;   // name of the column, index and so on; for a table, the table itself
  std::vector<std::string> names;  // the names of everything that it makes; `name` is the last
  std::string replaces;
  std::string lock;
  std::string cost;
  bool unbounded = false;
  std::string sql;  // one statement, without the comment lines and the final semicolon
  int number = 0;   // number in its file, from 1
};

// The statements of <step>/<verb>.<engine>.sql, or else of <step>/<verb>.sql, in order. If a file
// has one statement for several objects and then one for each, the first is used when all of them
// are missing.
std::vector<StepStatement> step_statements(const EngineFacts& engine, std::string_view step,
                                           std::string_view verb);

// SHA-256 in lower-case hex. The journal stores it for each statement, as a proof of what was run.
std::string sha256_hex(std::string_view text);

}  // namespace backglance
