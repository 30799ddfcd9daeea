// SPDX-License-Identifier: Apache-2.0
#include "report/value.h"

#include "base/text.h"
#include "report/csv.h"
#include "report/wording.h"

namespace backglance {
namespace {

// shown() makes text from the database safe for a terminal; our own words need it not.
struct TextCell {
  std::string operator()(Nothing) const { return "-"; }
  std::string operator()(const Stored& stored) const { return printable(stored.text); }
  std::string operator()(const Word& word) const { return word.text; }
  std::string operator()(Count count) const { return grouped(count.number); }
  std::string operator()(Bytes bytes) const { return bytes_text(bytes.number); }
  std::string operator()(Minute minute) const { return minute_text(minute.time); }
  std::string operator()(Day day) const { return date_text(day.time); }
  std::string operator()(bool truth) const { return truth ? "yes" : "no"; }
  std::string operator()(const Names& names) const { return printable(join(names, ", ")); }
};

// For machines: whole numbers and ISO times. csv_text() keeps text from being a formula.
struct CsvCell {
  std::string operator()(Nothing) const { return {}; }
  std::string operator()(const Stored& stored) const { return csv_text(stored.text); }
  std::string operator()(const Word& word) const { return word.text; }
  std::string operator()(Count count) const { return std::to_string(count.number); }
  std::string operator()(Bytes bytes) const { return std::to_string(bytes.number); }
  std::string operator()(Minute minute) const { return iso_time(minute.time); }
  std::string operator()(Day day) const { return iso_time(day.time); }
  std::string operator()(bool truth) const { return truth ? "yes" : "no"; }
  std::string operator()(const Names& names) const { return csv_text(join(names, " ")); }
};

}  // namespace

Value stored_or_nothing(const std::string& text) {
  return text.empty() ? Value(Nothing()) : Value(Stored{text});
}

Value minute_or_nothing(const std::optional<std::int64_t>& time) {
  return time ? Value(Minute{*time}) : Value(Nothing());
}

Value day_or_nothing(const std::optional<std::int64_t>& time) {
  return time ? Value(Day{*time}) : Value(Nothing());
}

std::string text_cell(const Value& value) {
  return std::visit(TextCell(), value);
}

std::string csv_cell(const Value& value) {
  return std::visit(CsvCell(), value);
}

}  // namespace backglance
