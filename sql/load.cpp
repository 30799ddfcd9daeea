// SPDX-License-Identifier: Apache-2.0
#include "sql/load.h"

#include "base/text.h"
#include "sql/galera.h"
#include "sql/text.h"

namespace backglance {
namespace {

const std::string& load_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "load", name);
}

}  // namespace

ServerLoad read_load(Session& session) {
  const auto row = session.first_row(load_sql(session, "load"));
  if (!row)
    return {};
  // A number, or the name of a status variable and then its value.
  if (const auto active = row->integer(0))
    return {*active, row->integer_or(1, 0)};
  // The session that asks is one of those running.
  return {row->integer_or(1, 1) - 1, 0};
}

std::vector<ReplicaLag> replica_lags(Session& primary) {
  std::vector<ReplicaLag> lags;
  primary.query(load_sql(primary, "replica_lags"), {}, [&](const SqlRow& row) {
    lags.push_back({printable(row.text_or_empty(0)),
                    std::chrono::milliseconds(row.integer_or(1, 0)), row.text_or_empty(2)});
  });
  return lags;
}

void require_visible_lag(Session& primary) {
  // Without the right the figures are NULL, which would look like no lag at all.
  if (primary.count(load_sql(primary, "sees_lag")) == 0)
    throw Error(ErrorKind::connect,
                "--max-lag: this role is not allowed to see how far the replicas are behind",
                "GRANT pg_read_all_stats TO that role, or name them with --lag-database URL");
}

std::optional<std::optional<std::chrono::milliseconds>> own_lag(Session& session) {
  using std::chrono::milliseconds;
  // Seconds_Behind_Master of SHOW REPLICA STATUS, in seconds; else one column, in milliseconds.
  constexpr std::size_t kBehind = 32;
  const auto row = session.first_row(load_sql(session, "own_lag"));
  if (!row)
    return std::nullopt;
  const bool wide = row->size() > kBehind;
  const auto behind = row->integer(wide ? kBehind : 0);
  if (!behind)
    return std::optional<milliseconds>();
  return std::optional(milliseconds(wide ? *behind * 1000 : *behind));
}

std::optional<FlowControl> flow_control(Session& session) {
  if (!is_galera_node(session))
    return std::nullopt;
  FlowControl flow;
  session.query(load_sql(session, "flow_control"), {}, [&](const SqlRow& row) {
    const bool is_queue = lower_ascii(row.text_or_empty(0)).ends_with("queue");
    (is_queue ? flow.queued : flow.paused_nanoseconds) = row.integer_or(1, 0);
  });
  return flow;
}

}  // namespace backglance
