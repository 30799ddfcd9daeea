// SPDX-License-Identifier: Apache-2.0
#include "sql/rights.h"

#include <algorithm>

#include "sql/text.h"

namespace backglance {

const char* rights_name(RightsFor what) {
  switch (what) {
    case RightsFor::rows:
      return "rows";
    case RightsFor::tables:
      return "tables";
    case RightsFor::images:
      return "images";
    case RightsFor::images_index:
      return "images_index";
    case RightsFor::ledger:
      return "ledger";
    case RightsFor::ledger_index:
      return "ledger_index";
    case RightsFor::guard:
      return "guard";
    case RightsFor::revision:
      return "revision";
    case RightsFor::see_guard:
      break;
  }
  return "see_guard";
}

RightsFor rights_for(std::string_view sql) {
  const auto names = [&](std::string_view word) { return sql.find(word) != sql.npos; };
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
  const bool makes = sql.starts_with("CREATE ");
  if (!makes && !sql.starts_with("ALTER ") && !sql.starts_with("DROP "))
    // Everybody reads revisions; only expand and its revert change them.
    return names("alembic_version") && !sql.starts_with("SELECT") ? RightsFor::revision
                                                                  : RightsFor::rows;
  if (makes && (sql.starts_with("CREATE TABLE ") || sql.starts_with("CREATE FUNCTION ")))
    return RightsFor::tables;
  if (makes && sql.starts_with("CREATE TRIGGER "))
    return RightsFor::guard;
  // The guard and its function have our prefix too, and belong to images.
  const bool of_ledger = names("backglance_") && !names(" images") && !names(" backglance_guard");
  if (makes)
    return of_ledger ? RightsFor::ledger_index : RightsFor::images_index;
  return of_ledger ? RightsFor::ledger : RightsFor::images;
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
