// SPDX-License-Identifier: Apache-2.0
// pause, resume and stop: orders to all runs of the site, on all hosts.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/readiness.h"
#include "ledger/fleet.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

using nlohmann::json;

std::string hosts_of(const std::vector<LiveRun>& runs) {
  std::vector<std::string> hosts;
  hosts.reserve(runs.size());
  for (const LiveRun& run : runs)
    hosts.push_back(printable(run.host));
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return join(hosts, ", ");
}

// "2 live runs on controller, storage-3", "no live run".
std::string reached_text(const std::vector<LiveRun>& runs) {
  if (runs.empty())
    return "no live run";
  return fmt::format("{} on {}", counted(static_cast<std::int64_t>(runs.size()), "live run"),
                     hosts_of(runs));
}

std::string pause_line(const FleetChange& change, bool dry_run) {
  const std::string verb = !change.changed ? "already " + change.fleet.text()
                           : dry_run       ? "would pause"
                                           : "paused";
  std::string others;
  for (const LiveRun& run : change.others)
    others += fmt::format("; {} on {} continues", printable(run.command), printable(run.host));
  const std::string replaced =
      change.changed && change.before.paused ? fmt::format(" (was {})", change.before.text()) : "";
  return fmt::format(
      "{}{}; affects {}{}; runs that start later wait too -- next: backglance resume", verb,
      replaced, reached_text(change.reached), others);
}

std::string resume_line(const FleetChange& change, bool dry_run) {
  if (!change.changed)
    return "nothing to do: the runs of this site are not paused";
  return fmt::format("{}; affects {}", dry_run ? "would resume" : "resumed",
                     reached_text(change.reached));
}

std::string stop_line(const FleetChange& change, bool dry_run) {
  if (change.reached.empty())
    return "nothing to do: no run is at work";
  const std::string verb = !change.changed ? "already stopping"
                           : dry_run       ? "would stop"
                                           : "stopping";
  return fmt::format("{}; affects {}{}", verb, reached_text(change.reached),
                     change.fleet.paused ? "; the runs of this site stay paused" : "");
}

std::string line_of(FleetWish wish, const FleetChange& change, bool dry_run) {
  switch (wish) {
    case FleetWish::pause:
      return pause_line(change, dry_run);
    case FleetWish::resume:
      return resume_line(change, dry_run);
    case FleetWish::stop:
      break;
  }
  return stop_line(change, dry_run);
}

ExitCode run_wish(const CommonOptions& common, FleetWish wish, const std::string& reason) {
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  if (common.dry_run)
    warn_of_write_obstacles(session, site, {});
  const SchemaState state = read_schema_state(session);
  require_ledger(state);
  // An earlier version of the ledger is enough: before an upgrade of backglance, its runs must be
  // stopped.
  if (!common.dry_run)
    require_known_ledger(state);
  const FleetChange change =
      common.dry_run ? plan_fleet(session, wish, reason) : tell_fleet(session, wish, reason);
  if (!common.json) {
    print_out("{}\n", line_of(wish, change, common.dry_run));
    return ExitCode::done;
  }
  json runs = json::array();
  for (const LiveRun& run : change.reached)
    runs.push_back(live_run_json(run));
  print_json({{"dry_run", common.dry_run},
              {"changed", change.changed},
              {"fleet", fleet_json(change.fleet)},
              {"runs", runs}});
  return ExitCode::done;
}

}  // namespace

Runner add_pause(Arguments& app) {
  auto reason = std::make_shared<std::string>();
  app.option("--reason", *reason,
             "Why the runs are paused; status and the paused runs show it (default: none)")
      .type("TEXT");
  return [reason](const CommonOptions& common) {
    // The reason appears on other people's terminals and in their logs.
    return run_wish(common, FleetWish::pause, printable(trim(*reason)));
  };
}

Runner add_resume(Arguments&) {
  return [](const CommonOptions& common) { return run_wish(common, FleetWish::resume, {}); };
}

Runner add_stop(Arguments&) {
  return [](const CommonOptions& common) { return run_wish(common, FleetWish::stop, {}); };
}

}  // namespace backglance
