// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// Statements for several rows at once, because a round trip (and, on a cluster, a certification)
// costs more than the work on a row. In the SQL text the repeated part is written as {each
// SEPARATOR:TEXT}, with '#' in TEXT for the number of the row: "IN ({each, ::id#})" becomes "IN
// (:id0, :id1)".

// At most this number of rows goes into one statement.
inline constexpr std::size_t kRowsPerStatement = 64;

// Splits a list into parts that fit into one statement, and calls `work` with each part.
template <typename Row, typename Work>
void by_statements(const std::vector<Row>& rows, const Work& work) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsPerStatement) {
    const std::size_t end = std::min(rows.size(), begin + kRowsPerStatement);
    work(std::vector<Row>(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                          rows.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

// The statement for `rows` rows (1 to kRowsPerStatement). The number is rounded up to a power of
// two, so that few different texts are prepared. The added rows repeat the last row, so the
// statement must have the same effect if a row occurs twice.
std::string statement_for(const std::string& sql, std::size_t rows);

// Calls `add` for each row of such a statement, with the suffix of the parameter names ("0", "1",
// ...) and the index of the row; the last row is repeated as statement_for() needs it.
void for_padded_rows(std::size_t rows,
                     const std::function<void(const std::string& suffix, std::size_t row)>& add);

// The parameters ":id0", ":id1", ... for `ids`, after `others`.
SqlParameters id_parameters(const std::vector<std::string>& ids, SqlParameters others = {});

}  // namespace backglance
