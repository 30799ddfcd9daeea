// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// Text of our own for an element or an attribute in double quotes.
std::string html_escaped(std::string_view text);

// Text from the database: printable, escaped, and in a <bdi> so that its direction ends with it.
// `missing` (our own words) stands for an empty text.
std::string html_text(std::string_view text, std::string_view missing = "none",
                      std::size_t max_bytes = 300);

// A table whose rows are cards on a narrow screen, where each cell is preceded by its column's
// title.
enum class HtmlCell {
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
  HtmlCell cell = HtmlCell::text;
};
struct HtmlTable {
  std::string_view id;       // unique in the page
  std::string_view caption;  // read out, not shown
  std::span<const HtmlColumn> columns;
};
std::string html_table_head(const HtmlTable& table);
// `cells` are HTML already.
std::string html_table_row(const HtmlTable& table, const std::vector<std::string>& cells);
std::string html_table_end();
// The style rules that name the cells of a card.
std::string html_table_style(const HtmlTable& table);

// From the doctype to the end of <head>. `title` is our own text, `narrow_style` are rules for
// narrow screens: those that name the cells of the page's tables.
std::string html_head(std::string_view title, std::string_view narrow_style);
// A table's cell: a date, "2026-03-04"; a deadline, and how far off it is; a name over an id; an
// owner's id.
std::string html_date(std::int64_t time);
std::string html_deadline(const SiteReport& report, const std::optional<std::int64_t>& deadline);
std::string html_image(const std::string& name, const std::string& id);
std::string html_owner(const std::string& owner);
// "<strong>1,204</strong>".
std::string html_strong(std::int64_t number);
// A line of a card's list.
std::string html_fact(std::string_view label, const std::string& value);

// The page's style sheet, and what it needs for the cards of the sections' tables.
std::string_view html_style();
std::string html_sections_style();

// The page's sections in their order; empty if there is nothing to say.
std::string coverage_section(const Summary& summary);
std::string results_section(const SiteReport& report);
std::string signatures_section(const SiteReport& report, const Summary& summary);
std::string findings_section(const SiteReport& report, const Summary& summary);
std::string signature_list_section(const SiteReport& report);
std::string runs_section(const SiteReport& report);

// Charts, each an <svg> with a title and a description that holds its numbers. Their colours come
// from the style sheet; series differ in texture too.
std::string coverage_ring(const Summary& summary);
std::string coverage_bars(const Summary& summary);
// What stands for the algorithm of summary.coverage[row] in coverage_bars.
std::string coverage_swatch(const Summary& summary, std::size_t row);
std::string deadline_chart(const SiteReport& report);
// Patterns that the charts refer to: once in the page, before them.
std::string chart_patterns();

}  // namespace backglance
