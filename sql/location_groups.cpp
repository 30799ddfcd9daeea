// SPDX-License-Identifier: Apache-2.0
#include "sql/location_groups.h"

#include "base/text.h"
#include "sql/text.h"

namespace backglance {

std::vector<LocationGroup> location_groups(Session& session, bool expanded) {
  std::vector<LocationGroup> groups;
  session.query(sql_text(session.engine(), "location_groups",
                         expanded ? "pending_groups" : "pending_groups_before_expand"),
                {}, [&](const SqlRow& row) {
                  groups.push_back({lower_ascii(row.text_or_empty(0)),
                                    row.text_or_empty(1),
                                    {.images = row.integer_or(2, 0),
                                     .bytes = row.integer_or(3, 0),
                                     .unknown_size = row.integer_or(4, 0)}});
                });
  return groups;
}

void pending_locations(Session& session, bool expanded,
                       const std::function<void(const PendingLocation&)>& each) {
  session.query(sql_text(session.engine(), "location_groups",
                         expanded ? "pending_values" : "pending_values_before_expand"),
                {}, [&](const SqlRow& row) {
                  each({row.text_or_empty(0), row.text_or_empty(1), row.integer_or(2, 0),
                        row.integer_or(3, 0) != 0});
                });
}

}  // namespace backglance
