// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// A table for a terminal, aligned by display width. Cells are printable text already. A table that
// is wider than the terminal moves its detail columns to lines of their own beneath each row, then
// cuts its elastic columns, and at last cuts whole lines: none is ever wider than the terminal.
class TextTable {
 public:
  enum class Align { left, right };
  enum class Fit {
    rigid,
    elastic,  // may be cut
    detail,   // may move beneath its row, as "title: value"; empty values are left out there
  };
  struct Column {
    std::string_view title;  // a literal
    Align align = Align::left;
    Fit fit = Fit::rigid;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // The lines, each ended by a newline and begun by `indent` spaces. `columns` is the terminal's
  // width; 0 or less: there is no limit.
  std::string render(int columns, int indent = 2) const;

 private:
  std::vector<int> natural_widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` broken at blanks into lines of at most `columns` columns, indent included; words that are
// longer are broken too. 0 columns or less: one line.
std::string wrapped(const std::string& text, int columns, int indent);

}  // namespace backglance
