// SPDX-License-Identifier: Apache-2.0
#include "sql/blockers.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/text.h"

namespace backglance {

std::vector<std::string> blockers(Session& session) {
  std::vector<std::string> lines;
  if (!session.engine().online_ddl)
    return lines;
  try {
    session.query(sql_text(session.engine(), "blockers", "blockers"), {}, [&](const SqlRow& row) {
      lines.push_back(fmt::format("pid {}, {} s, {}, {}", row.text_or_empty(0),
                                  row.text_or_empty(1), printable(row.text_or_empty(2), 20),
                                  row.text_or_empty(3)));
    });
  } catch (const Error& error) {
    // A role without the right to see other sessions waits without knowing for whom.
    if (error.kind() != ErrorKind::connect && error.kind() != ErrorKind::sql)
      throw;
  }
  return lines;
}

}  // namespace backglance
