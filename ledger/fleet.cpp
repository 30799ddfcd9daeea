// SPDX-License-Identifier: Apache-2.0
#include "ledger/fleet.h"

#include "base/bounded.h"
#include "base/process.h"
#include "sql/retry.h"
#include "sql/text.h"

namespace backglance {
namespace {

const std::string& control_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "control", name);
}

void set_fleet(Session& session, const std::string& value, const std::string& reason) {
  const SqlParameters parameters = {{"value", value},
                                    {"reason", text_or_null(bounded(reason, kLongestReason))},
                                    {"who", user_at_host()}};
  const bool is_there = session.first_row(control_sql(session, "fleet")).has_value();
  session.execute(control_sql(session, is_there ? "set_fleet" : "make_fleet"), parameters);
}

// Also runs that seem dead: one that is alive after all reads the order too.
void stop_runs(Session& session) {
  for (const std::string& run_id : unfinished_run_ids(session))
    session.execute(control_sql(session, "stop_run"), {{"run", run_id}, {"who", user_at_host()}});
}

}  // namespace

FleetChange plan_fleet(Session& session, FleetWish wish, const std::string& reason) {
  FleetChange change;
  change.fleet = read_fleet(session);
  change.before = change.fleet;
  for (LiveRun& run : live_runs(session)) {
    // A pause concerns only runs that read images; a stop concerns all runs.
    const bool reached = wish == FleetWish::stop || reads_images(run.command);
    if (wish == FleetWish::stop && !run.stop_at)
      change.changed = true;
    (reached ? change.reached : change.others).push_back(std::move(run));
  }
  if (wish != FleetWish::stop)
    change.changed = change.fleet.paused != (wish == FleetWish::pause) ||
                     (change.fleet.paused && !reason.empty() && reason != change.fleet.reason);
  return change;
}

FleetChange tell_fleet(Session& session, FleetWish wish, const std::string& reason) {
  return retry(session, [&] {
    Transaction transaction(session);
    // First, so that no run begins between the look and the order.
    lock_runs(session);
    FleetChange change = plan_fleet(session, wish, reason);
    if (wish == FleetWish::stop)
      stop_runs(session);
    else if (change.changed)
      set_fleet(session, wish == FleetWish::pause ? "pause" : "go", reason);
    change.fleet = read_fleet(session);
    transaction.commit();
    return change;
  });
}

}  // namespace backglance
