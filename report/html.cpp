// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include <fmt/format.h>

#include "base/text.h"
#include "report/utf8.h"
#include "report/wording.h"

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

std::string html_head(std::string_view title, std::string_view narrow_style) {
  // The policy is a second line of defence: should a name ever escape the escaping, nothing runs
  // and nothing is fetched.
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{}"
      "@media screen and (max-width: 820px) {{\n{}}}\n</style>\n</head>\n",
      title, html_style(), narrow_style);
}

std::string html_image(const std::string& name, const std::string& id) {
  return fmt::format("{}<code class=\"id\">{}</code>", html_text(name, "no name"),
                     html_text(id, "no id", 80));
}

std::string html_owner(const std::string& owner) {
  return owner.empty() ? html_text(owner, "no owner")
                       : fmt::format("<code class=\"id\">{}</code>", html_text(owner));
}

std::string html_date(std::int64_t time) {
  return fmt::format("<time class=\"when\" datetime=\"{}\">{}</time>", iso_time(time),
                     date_text(time));
}

std::string html_deadline(const SiteReport& report, const std::optional<std::int64_t>& deadline) {
  if (!deadline)
    return "<span class=\"absent\">none</span>";
  const std::string days = days_from(report.made_at, *deadline);
  if (*deadline <= report.made_at)
    return fmt::format("{} <span class=\"tag bad\">passed {}</span>", html_date(*deadline), days);
  return fmt::format("{} <span class=\"soft when\">{}</span>", html_date(*deadline), days);
}

std::string html_strong(std::int64_t number) {
  return fmt::format("<strong>{}</strong>", grouped(number));
}

std::string html_fact(std::string_view label, const std::string& value) {
  return fmt::format("<li><span>{}</span><b>{}</b></li>\n", label, value);
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
