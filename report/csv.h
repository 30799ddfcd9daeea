// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// Cells and rows of RFC 4180.

// Text from the database, printable. What a spreadsheet would take for a formula gets an apostrophe
// in front, which it shows as text.
std::string csv_text(std::string_view stored);

// Appends a row; cells are quoted where they have to be.
void add_csv_row(std::string& out, const std::vector<std::string>& cells);

}  // namespace backglance
