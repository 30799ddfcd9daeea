// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "report/site_report.h"

namespace backglance {

// The report in its four shapes. Pure functions; every text from the database is escaped for the
// shape: control characters and bytes that are not UTF-8 cannot break a terminal, a CSV row, JSON
// or a page.

// Tables for a terminal of `columns` columns, 40 at least; ends with a newline. 0 or less: no
// limit, and each row on one line (a pipe).
std::string render_text(const SiteReport& report, int columns);

// RFC 4180, one header row: the signatures, or the findings of backfill and verify. Names come from
// image owners and the file goes into spreadsheets, so a text that begins with = + - or @ gets an
// apostrophe in front: it must not run as a formula.
std::string render_signatures_csv(const SiteReport& report);
std::string render_findings_csv(const SiteReport& report);

// The object that `report --json` prints; its members are documented in docs/json.md.
nlohmann::json render_json(const SiteReport& report);
// The same as text of several lines; bytes that are not UTF-8 are replaced.
std::string render_json_text(const SiteReport& report);

// One self-contained page: no script, no network, light and dark, good at 400 px and on paper.
std::string render_html(const SiteReport& report);

}  // namespace backglance
