// SPDX-License-Identifier: Apache-2.0
#include "sql/row_list.h"

#include <fmt/format.h>

#include <bit>
#include <stdexcept>

#include "base/text.h"

namespace backglance {

std::string statement_for(const std::string& sql, std::size_t rows) {
  constexpr std::string_view kEach = "{each";
  if (rows == 0 || rows > kRowsPerStatement)
    throw std::logic_error("a statement for " + std::to_string(rows) + " rows");
  std::string out;
  std::string_view rest = sql;
  for (;;) {
    const auto open = rest.find(kEach);
    out += rest.substr(0, open);
    if (open == std::string_view::npos)
      return out;
    rest.remove_prefix(open + kEach.size());
    const auto colon = rest.find(':');
    const auto close = rest.find('}');
    const std::string_view separator = rest.substr(0, colon);
    const std::string_view repeated = rest.substr(colon + 1, close - colon - 1);
    for (std::size_t row = 0; row < std::bit_ceil(rows); ++row) {
      std::string one(repeated);
      replace_all(one, "#", std::to_string(row));
      out += row == 0 ? one : std::string(separator) + one;
    }
    rest.remove_prefix(close + 1);
  }
}

void for_padded_rows(std::size_t rows,
                     const std::function<void(const std::string& suffix, std::size_t row)>& add) {
  for (std::size_t place = 0; place < std::bit_ceil(rows); ++place)
    add(std::to_string(place), std::min(place, rows - 1));
}

SqlParameters id_parameters(const std::vector<std::string>& ids, SqlParameters others) {
  for_padded_rows(ids.size(), [&](const std::string& suffix, std::size_t row) {
    others.push_back({"id" + suffix, ids[row]});
  });
  return others;
}

}  // namespace backglance
