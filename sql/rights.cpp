// SPDX-License-Identifier: Apache-2.0
#include "sql/rights.h"

#include "sql/text.h"

namespace backglance {

const char* rights_name(RightsFor what) {
  switch (what) {
    case RightsFor::rows:
      return "rows";
    case RightsFor::schema:
      return "schema";
    case RightsFor::guard:
      break;
  }
  return "guard";
}

std::vector<MissingRight> missing_rights(Session& session, RightsFor what) {
  std::vector<MissingRight> missing;
  session.query(sql_text(session.engine(), "rights", "missing"), {{"what", rights_name(what)}},
                [&](const SqlRow& row) {
                  missing.push_back({row.text_or_empty(0), row.text_or_empty(1)});
                });
  return missing;
}

}  // namespace backglance
