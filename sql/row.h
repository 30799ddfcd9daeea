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

// A bound value. Booleans in Glance's tables are written as {true} and {false} in the SQL text,
// because SOCI 4.0 cannot bind booleans and PostgreSQL does not accept integers for them.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string>;

struct SqlParameter {
  std::string name;  // without the colon of ":name" in the text
  SqlValue value;
};
using SqlParameters = std::vector<SqlParameter>;

SqlValue sql_value(const std::optional<std::string>& text);
// NULL if `text` is empty.
SqlValue text_or_null(const std::string& text);
SqlValue sql_value(const std::optional<std::int64_t>& number);

// One row of a result. Every column is text or NULL, whatever type the engine declares. So garbage
// in a column is data that the caller can judge, and not an exception of the driver.
class SqlRow {
 public:
  explicit SqlRow(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}

  std::size_t size() const { return columns_.size(); }
  bool is_null(std::size_t column) const { return !columns_.at(column).has_value(); }
  const std::optional<std::string>& text(std::size_t column) const { return columns_.at(column); }
  // The text, empty for NULL.
  std::string text_or_empty(std::size_t column) const { return columns_.at(column).value_or(""); }
  // The column as an integer; nothing for NULL and for text that is not an integer.
  std::optional<std::int64_t> integer(std::size_t column) const;
  std::int64_t integer_or(std::size_t column, std::int64_t other) const {
    return integer(column).value_or(other);
  }
  bool truth(std::size_t column) const;

 private:
  std::vector<std::optional<std::string>> columns_;
};

}  // namespace backglance
