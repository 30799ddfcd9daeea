// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glance/signature_verdict.h"

namespace backglance {

// Cells and rows of RFC 4180.

// Text from the database, printable. What a spreadsheet would take for a formula gets an apostrophe
// in front, which it shows as text.
std::string csv_text(std::string_view stored);
std::string csv_yes_no(bool value);
std::string csv_time(const std::optional<std::int64_t>& time);  // empty for none
std::string csv_verdict(const std::optional<SignatureVerdict>& verdict);

// Appends a row; cells are quoted where they have to be.
void add_csv_row(std::string& out, const std::vector<std::string>& cells);

}  // namespace backglance
