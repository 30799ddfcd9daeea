// SPDX-License-Identifier: Apache-2.0
#include "report/html_table.h"

#include "base/text.h"
#include "report/wording.h"

namespace backglance {
namespace {

Html class_of(CellKind kind) {
  switch (kind) {
    case CellKind::text:
      return {};
    case CellKind::number:
      return " class=\"n\"";
    case CellKind::size:
      return " class=\"n size\"";
    case CellKind::label:
      return " class=\"label\"";
    case CellKind::id:
      return " class=\"id\"";
    case CellKind::owner:
      return " class=\"owner\"";
    case CellKind::prose:
      return " class=\"prose\"";
  }
  return {};
}

// How each kind of value looks on a page. Only Stored and Names are text from the database;
// html_text() marks it as such.
struct Cell {
  Html operator()(Nothing) const { return {}; }
  Html operator()(const Stored& stored) const { return html_text(stored.text); }
  Html operator()(const Word& word) const { return html_escaped(word.text); }
  Html operator()(Count count) const { return html_escaped(grouped(count.number)); }
  Html operator()(Bytes bytes) const { return html_escaped(bytes_text(bytes.number)); }
  Html operator()(Minute minute) const { return html_minute(minute.time); }
  Html operator()(Day day) const { return html_date(day.time); }
  Html operator()(bool truth) const { return html_escaped(truth ? "yes" : "no"); }
  Html operator()(const Names& names) const { return html_text(join(names, ", ")); }
};

}  // namespace

Html html_cell(const Value& value) {
  return std::visit(Cell(), value);
}

Html html_row(const std::vector<HtmlCell>& cells) {
  Html out;
  for (const HtmlCell& cell : cells)
    out += html_part("cell", {{"class", class_of(cell.kind)}, {"content", cell.content}});
  return html_part("row", {{"cells", out}});
}

Html html_table(const HtmlTable& table, const Html& rows) {
  // No head without rows: the caller then says in words that there is nothing.
  if (rows.empty())
    return {};
  Html heads;
  for (const HtmlColumn& column : table.columns)
    heads += html_part("column",
                       {{"class", class_of(column.kind)}, {"title", html_escaped(column.title)}});
  return html_part("table", {{"id", html_escaped(table.id)},
                             {"caption", html_escaped(table.caption)},
                             {"heads", heads},
                             {"rows", rows}});
}

// Labels for the cards of a narrow screen: generated content of the style sheet, so that no cell
// has to repeat the title. Positions count from 1.
Html html_table_style(const HtmlTable& table) {
  Html out;
  for (std::size_t i = 1; i < table.columns.size(); ++i)  // the first is the card's title
    if (table.columns[i].kind != CellKind::prose)
      out += html_part("cell-label", {{"table", html_escaped(table.id)},
                                      {"number", html_number(static_cast<std::int64_t>(i) + 1)},
                                      {"title", html_escaped(table.columns[i].title)}});
  return out;
}

}  // namespace backglance
