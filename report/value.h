// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backglance {

// The value of one cell of a table, independent of the format. Each format knows how to write each
// kind and makes it safe.
struct Stored {  // text from the database, which the format makes safe
  std::string text;
};
struct Word {  // text of our own
  std::string text;
};
struct Count {  // for people: "1,204"
  std::int64_t number = 0;
};
struct Bytes {  // in bytes; for people: "1.5 GiB"
  std::int64_t number = 0;
};
struct Minute {  // unix seconds; for people: date and time to the minute
  std::int64_t time = 0;
};
struct Day {  // unix seconds; for people: the date
  std::int64_t time = 0;
};
using Names = std::vector<std::string>;  // each is text from the database
using Nothing = std::monostate;          // null in JSON, empty in CSV, "-" for people
using Value = std::variant<Nothing, Stored, Word, Count, Bytes, Minute, Day, bool, Names>;

// The value, or Nothing for an empty text or a missing time.
Value stored_or_nothing(const std::string& text);
Value minute_or_nothing(const std::optional<std::int64_t>& time);
Value day_or_nothing(const std::optional<std::int64_t>& time);

// The value as printable text for a terminal; text from the database is cut at 200 bytes.
std::string text_cell(const Value& value);
// The value as a CSV cell that is not quoted yet. Text that a spreadsheet would take for a formula
// is made harmless; times are in ISO 8601.
std::string csv_cell(const Value& value);

}  // namespace backglance
