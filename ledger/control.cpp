// SPDX-License-Identifier: Apache-2.0
#include "ledger/control.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/text.h"

namespace backglance {
namespace {

// Reads the four columns from number `value` on.
FleetState fleet_of(const SqlRow& row, std::size_t value) {
  FleetState fleet;
  fleet.paused = row.text_or_empty(value) == "pause";
  fleet.reason = row.text_or_empty(value + 1);
  fleet.since = row.integer_or(value + 2, 0);
  fleet.by = row.text_or_empty(value + 3);
  return fleet;
}

}  // namespace

std::string FleetState::text() const {
  if (!paused)
    return {};
  return fmt::format("paused by {} since {} UTC{}{}", printable(by),
                     utc_time(within_calendar(since)), reason.empty() ? "" : ": ",
                     printable(reason));
}

FleetState read_fleet(Session& session) {
  const auto row = session.first_row(sql_text(session.engine(), "control", "fleet"));
  if (!row)
    return {};
  return fleet_of(*row, 0);
}

Orders read_orders(Session& session, const std::string& run_id) {
  const auto row =
      session.first_row(sql_text(session.engine(), "control", "orders"), {{"run", run_id}});
  if (!row)
    return {};
  Orders orders;
  // Only another run writes "killed": it declared this one dead (end_dead in ledger/runs.sql).
  orders.given_up = row->text_or_empty(0) == "killed";
  orders.stop = !row->is_null(1);
  orders.now = row->integer_or(2, 0);
  orders.fleet = fleet_of(*row, 3);
  return orders;
}

}  // namespace backglance
