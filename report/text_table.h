// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// A table for a terminal, aligned by display width. Cells must be printable text. A table that is
// too wide first moves its detail columns to lines of their own under each row, then cuts its
// elastic columns, and at last cuts whole lines. No line is ever wider than the terminal.
class TextTable {
 public:
  enum class Align { left, right };
  enum class Fit {
    rigid,
    elastic,  // may be shortened
    detail,   // may move under its row, as "title: value"; an empty value is left out there
  };
  struct Column {
    std::string_view title;  // a literal
    Align align = Align::left;
    Fit fit = Fit::rigid;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Adds a row. `cells` has one cell for each column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // The lines of the table. Each begins with `indent` spaces and ends with a newline. `columns` is
  // the width of the terminal; 0 or less: no limit.
  std::string render(int columns, int indent = 2) const;

 private:
  std::vector<int> natural_widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text`, broken at blanks into lines of at most `columns` columns, with the indent; longer words
// are broken too. 0 columns or less: one line.
std::string wrapped(const std::string& text, int columns, int indent);

}  // namespace backglance
