// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// Statements about several rows at once: a round trip, and on a cluster a certification, costs more
// than the work on a row. In sql_text() the part that is repeated stands as {each SEPARATOR:TEXT},
// with '#' in TEXT for the row's number: "IN ({each, ::id#})" becomes "IN (:id0, :id1)".

// So many rows go into one statement.
inline constexpr std::size_t kRowsPerStatement = 64;

// Calls `work` with each part of a list that fits into one statement.
template <typename Row, typename Work>
void by_statements(const std::vector<Row>& rows, const Work& work) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsPerStatement) {
    const std::size_t end = std::min(rows.size(), begin + kRowsPerStatement);
    work(std::vector<Row>(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                          rows.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

// The statement for `rows` rows (1 to kRowsPerStatement), rounded up to a power of two, so that few
// texts are prepared. The last row is to be given again for those that are added: statements that
// are run so must not mind.
std::string statement_for(const std::string& sql, std::size_t rows);

// Calls `add` with the suffix of the parameter names ("0", "1", ...) and the row's index, the last
// one repeated as statement_for() needs it.
void for_padded_rows(std::size_t rows,
                     const std::function<void(const std::string& suffix, std::size_t row)>& add);

// The parameters ":id0", ":id1", ... of `ids`, behind `others`.
SqlParameters id_parameters(const std::vector<std::string>& ids, SqlParameters others = {});

}  // namespace backglance
