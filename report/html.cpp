#include "report/html.h"

#include <fmt/format.h>

#include "report/utf8.h"

namespace backglance {
namespace {

std::string_view class_of(HtmlCell cell) {
  switch (cell) {
    case HtmlCell::text:
      return "";
    case HtmlCell::number:
      return " class=\"n\"";
    case HtmlCell::size:
      return " class=\"n size\"";
    case HtmlCell::label:
      return " class=\"label\"";
    case HtmlCell::id:
      return " class=\"id\"";
    case HtmlCell::owner:
      return " class=\"owner\"";
    case HtmlCell::prose:
      return " class=\"prose\"";
  }
  return "";
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html_text(std::string_view text, std::string_view missing, std::size_t max_bytes) {
  if (text.empty())
    return fmt::format("<span class=\"absent\">{}</span>", html_escaped(missing));
  return fmt::format("<bdi>{}</bdi>", html_escaped(shown(text, max_bytes)));
}

std::string html_table_head(const HtmlTable& table) {
  std::string out =
      fmt::format("<table id=\"{}\">\n<caption>{}</caption>\n<thead><tr>", table.id, table.caption);
  for (const HtmlColumn& column : table.columns)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", class_of(column.cell), column.title);
  return out + "</tr></thead>\n<tbody>\n";
}

std::string html_table_row(const HtmlTable& table, const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    out += fmt::format("<td{}>{}</td>", class_of(table.columns[i].cell), cells[i]);
  return out + "</tr>\n";
}

std::string html_table_end() {
  return "</tbody>\n</table>\n";
}

std::string html_table_style(const HtmlTable& table) {
  std::string out;
  for (std::size_t i = 1; i < table.columns.size(); ++i)  // the first is the card's title
    if (table.columns[i].cell != HtmlCell::prose)
      out += fmt::format("#{} td:nth-child({})::before{{content:\"{}\"}}\n", table.id, i + 1,
                         table.columns[i].title);
  return out;
}

}  // namespace backglance
