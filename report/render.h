// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "report/site_report.h"

namespace backglance {

// The report in its four formats. Pure functions; thread-safe. Every text from the database is
// escaped for its format: control characters and bytes that are not UTF-8 cannot break a terminal,
// a CSV row, JSON or a page.

// Tables for a terminal that is `columns` wide, at least 40; ends with a newline. 0 or less: no
// limit, and one line for each row (for a pipe).
std::string render_text(const SiteReport& report, int columns);

// CSV (RFC 4180) with one header row: the signatures, or the findings of backfill and verify. Names
// come from image owners and the file goes into spreadsheets. So a text that begins with = + - or @
// gets an apostrophe in front and does not run as a formula.
std::string render_signatures_csv(const SiteReport& report);
std::string render_findings_csv(const SiteReport& report);

// The object that `report --json` prints; its members are documented in docs/json.md.
nlohmann::json render_json(const SiteReport& report);
// The same as text of several lines; bytes that are not UTF-8 are replaced.
std::string render_json_text(const SiteReport& report);

// One self-contained page: no script and no network; for light and dark screens, from 400 px wide,
// and for paper.
std::string render_html(const SiteReport& report);
// True for the beginning of such a page, or of an owner's (report/render_owners.h): 64 KiB are
// enough, because the mark comes after the style sheet.
bool is_report_page(std::string_view head);

}  // namespace backglance
