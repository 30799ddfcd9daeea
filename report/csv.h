// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// Cells and rows of CSV, as RFC 4180 defines it.

// Makes text from the database printable. If a spreadsheet would take it for a formula, it gets an
// apostrophe in front, which shows it as text.
std::string csv_text(std::string_view stored);

// Appends a row to `out`; quotes cells where this is necessary.
void add_csv_row(std::string& out, const std::vector<std::string>& cells);

}  // namespace backglance
