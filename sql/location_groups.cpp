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

std::vector<LiveGroup> live_groups(Session& session) {
  std::vector<LiveGroup> groups;
  session.query(sql_text(session.engine(), "location_groups", "live_groups"), {},
                [&](const SqlRow& row) {
                  groups.push_back({lower_ascii(row.text_or_empty(0)), row.text_or_empty(1),
                                    row.integer_or(2, 0), row.integer_or(3, 0),
                                    row.integer_or(4, 0), row.integer_or(5, 0)});
                });
  return groups;
}

void live_locations(
    Session& session,
    const std::function<void(const std::string& value, const LiveGroup& one)>& each) {
  session.query(sql_text(session.engine(), "location_groups", "live_values"), {},
                [&](const SqlRow& row) {
                  const std::int64_t size = row.integer_or(2, 0);
                  const std::int64_t hashed = row.integer_or(3, 0);
                  each(row.text_or_empty(0), {.meta_data = row.text_or_empty(1),
                                              .images = 1,
                                              .bytes = size,
                                              .images_with_hash = hashed,
                                              .bytes_with_hash = hashed != 0 ? size : 0});
                });
}

void finding_locations(Session& session, const std::function<void(const FindingLocation&)>& each) {
  for (const char* name : {"finding_values", "verify_finding_values"})
    session.query(sql_text(session.engine(), "location_groups", name), {}, [&](const SqlRow& row) {
      each(
          {row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2), row.text_or_empty(3)});
    });
}

}  // namespace backglance
