// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "report/html.h"
#include "report/value.h"

namespace backglance {

// A table. On a narrow screen each row becomes a card, with the column's title before each cell.
enum class CellKind {
  text,
  number,  // right-aligned; several are on one line of a card
  size,    // right-aligned; alone on a line of a card
  label,   // a few words; the same width in every table
  id,      // an image's name and id, or an owner: an id of 36 characters fits on one line
  owner,   // an owner beside an id, on two lines
  prose,   // sentences; without a title on a card
};
struct HtmlColumn {
  std::string_view title;
  CellKind kind = CellKind::text;
};
struct HtmlTable {
  std::string_view id;       // unique in the page
  std::string_view caption;  // for screen readers; not shown
  std::vector<HtmlColumn> columns;
};
struct HtmlCell {
  CellKind kind = CellKind::text;
  Html content;
};

// The value as a cell shows it.
Html html_cell(const Value& value);
Html html_row(const std::vector<HtmlCell>& cells);
// The table with the rows that html_row() made; empty if there are none.
Html html_table(const HtmlTable& table, const Html& rows);
// The style rules that name the cells of a card.
Html html_table_style(const HtmlTable& table);

}  // namespace backglance
