// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backglance {

// What one cell of a table holds, whatever it is shown as: each rendering knows how to write each
// kind, and makes it safe.
struct Stored {  // text from the database, to be made safe
  std::string text;
};
struct Word {  // text of our own
  std::string text;
};
struct Count {  // "1,204" to people
  std::int64_t number = 0;
};
struct Bytes {  // "1.5 GiB" to people
  std::int64_t number = 0;
};
struct Minute {  // unix seconds, shown to people to the minute
  std::int64_t time = 0;
};
struct Day {  // unix seconds, shown to people to the day
  std::int64_t time = 0;
};
using Names = std::vector<std::string>;  // each of them Stored
using Nothing = std::monostate;          // null in JSON, empty in CSV, "-" to people
using Value = std::variant<Nothing, Stored, Word, Count, Bytes, Minute, Day, bool, Names>;

// Nothing for an empty text, and for a time that there is not.
Value stored_or_nothing(const std::string& text);
Value minute_or_nothing(const std::optional<std::int64_t>& time);
Value day_or_nothing(const std::optional<std::int64_t>& time);

// Printable, for a terminal: text from the database in up to 200 bytes.
std::string text_cell(const Value& value);
// A cell of CSV, not yet quoted: text that a spreadsheet would take for a formula is disarmed,
// times are in ISO 8601.
std::string csv_cell(const Value& value);

}  // namespace backglance
