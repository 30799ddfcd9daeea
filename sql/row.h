// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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

}  // namespace backglance
