// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "report/html.h"
#include "report/value.h"

namespace backglance {

// A table whose rows are cards on a narrow screen, where each cell is preceded by its column's
// title.
enum class CellKind {
  text,
  number,  // right-aligned; several share a line of a card
  size,    // right-aligned, with a line of a card to itself
  label,   // a few words, as wide in every table
  id,      // an image's name and id, or an owner: an id of 36 characters fits on one line
  owner,   // an owner beside an id, on two lines
  prose,   // sentences, which need no title on a card
};
struct HtmlColumn {
  std::string_view title;
  CellKind kind = CellKind::text;
};
struct HtmlTable {
  std::string_view id;       // unique in the page
  std::string_view caption;  // read out, not shown
  std::vector<HtmlColumn> columns;
};
struct HtmlCell {
  CellKind kind = CellKind::text;
  Html content;
};

// A value as a cell shows it.
Html html_cell(const Value& value);
Html html_row(const std::vector<HtmlCell>& cells);
// With the rows that html_row() made; empty without any.
Html html_table(const HtmlTable& table, const Html& rows);
// The style rules that name the cells of a card.
Html html_table_style(const HtmlTable& table);

}  // namespace backglance
