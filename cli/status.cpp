// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/assess.h"
#include "cli/command.h"
#include "cli/json.h"
#include "ledger/control.h"
#include "ledger/items.h"
#include "ledger/removal.h"
#include "ledger/runs.h"
#include "ledger/signatures.h"
#include "sql/guard.h"
#include "sql/images.h"

namespace backglance {
namespace {

using nlohmann::json;

constexpr std::int64_t kRecentRuns = 5;
constexpr std::size_t kLongestWait = 500;  // bytes; several reasons may come together

json site_json(const Site& site) {
  json stores = json::array();
  for (const Store& store : site.stores) {
    json directories = json::array();
    for (const auto& directory : store.directories)
      directories.push_back(directory.string());
    stores.push_back({{"id", store.id}, {"type", store.type}, {"directories", directories}});
  }
  json files = json::array();
  for (const auto& file : site.config_files)
    files.push_back(file.string());
  return {{"database", site.database.redacted()},
          {"hashing_algorithm", site.hashing_algorithm},
          {"encrypted_locations", !site.metadata_encryption_key.empty()},
          {"stores", stores},
          {"config_files", files}};
}

// A schema that expand refuses is a fact to show here, with the reason.
Due assess_or_refusal(Session& session, const SchemaState& state) {
  try {
    return assess(session, state);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::schema_state)
      throw;
    return {ExitCode::failed, error.what(), error.next()};
  }
}

json status_json(Session& session, const Site& site, const SchemaState& state, GuardState guard) {
  const bool expanded = state.has_os_hash && state.has_ledger;
  json status = {{"site", site_json(site)},
                 {"schema",
                  {{"alembic_version", state.revisions.rows},
                   {"os_hidden", state.has_os_hidden},
                   {"os_hash", state.has_os_hash},
                   {"ledger", state.has_ledger},
                   {"ledger_version", state.ledger_version},
                   {"guard", guard_name(guard)}}},
                 {"runs", json::array()},
                 {"recent_runs", json::array()}};
  const PendingTotals pending = pending_totals(session, state.has_os_hash);
  status["without_hash"] = {
      {"images", pending.images}, {"bytes", pending.bytes}, {"unknown_size", pending.unknown_size}};
  if (expanded) {
    Items items(session);
    status["queue"] = {{"queued", totals_json(items.queued())},
                       {"claimable_now", totals_json(items.claimable())},
                       {"failed", totals_json(items.failed())},
                       {"erased_by_glance", items.erased()}};
    status["signatures"] = schemes_json(scheme_counts(session));
    status["settled"] = settled_count(session);
  }
  // An expand that has made our tables shows itself while it makes the rest.
  if (state.has_ledger) {
    status["fleet"] = fleet_json(read_fleet(session));
    for (const LiveRun& run : live_runs(session))
      status["runs"].push_back(live_run_json(run));
    for (const RunRow& run : recent_runs(session, kRecentRuns))
      status["recent_runs"].push_back(run_json(run));
  }
  const Due due = assess_or_refusal(session, state);
  status["due"] = {{"exit_code", static_cast<int>(due.code)}, {"why", due.why}, {"next", due.next}};
  return status;
}

void print_stores(const json& site) {
  for (const json& store : site["stores"]) {
    const std::string id = store["id"];
    std::vector<std::string> directories = store["directories"];
    for (std::string& directory : directories) {
      const bool readable = access(directory.c_str(), R_OK | X_OK) == 0;
      directory = printable(directory) + (readable ? "" : " ** cannot be opened **");
    }
    fmt::print(
        "{:<11} {}{}{}{}\n", "Store", id, id.empty() ? "" : ": ", store["type"].get<std::string>(),
        directories.empty() ? " (not read by this release)" : "  " + join(directories, ", "));
  }
}

std::string images_and_bytes(const json& totals) {
  return fmt::format("{}, {}", counted(totals["images"].get<std::int64_t>(), "image"),
                     human_bytes(totals["bytes"].get<std::uint64_t>()));
}

std::string run_name(const json& run) {
  return fmt::format("{} {} on {}", run["started_at"].get<std::string>(),
                     run["command"].get<std::string>(), printable(run["host"].get<std::string>()));
}

void print_live_run(const json& run) {
  const std::string pace =
      run["waiting_for"].is_null()
          ? human_bytes(run["bytes_per_second"].get<std::uint64_t>()) + "/s"
          : "waiting: " + printable(run["waiting_for"].get<std::string>(), kLongestWait);
  fmt::print("{:<11} {}: {}, {}, heartbeat {} s ago{}\n", "At work", run_name(run),
             images_and_bytes(run), pace, run["heartbeat_age_seconds"].get<std::int64_t>(),
             run["stop_by"].is_null()
                 ? ""
                 : ", told to stop by " + printable(run["stop_by"].get<std::string>()));
}

// The runs that are at work, and the last ones that are not.
void print_fleet(const json& status) {
  const json& fleet = status["fleet"];
  const json& live = status["runs"];
  const std::string count = counted(static_cast<std::int64_t>(live.size()), "run");
  std::string paused;
  if (fleet["paused"].get<bool>())
    paused = fmt::format(
        "paused by {} since {}{}; ", printable(fleet["by"].get<std::string>()),
        fleet["since"].get<std::string>(),
        fleet["reason"].is_null() ? "" : ": " + printable(fleet["reason"].get<std::string>()));
  fmt::print("{:<11} {}{} at work\n", "Fleet", paused, count);
  for (const json& run : live)
    print_live_run(run);
  for (const json& run : status["recent_runs"]) {
    const bool is_live = std::any_of(live.begin(), live.end(), [&](const json& other) {
      return other["run_id"] == run["run_id"];
    });
    if (is_live)
      continue;
    // Killed, as it seems; the next run ends its row.
    const std::string end =
        run["outcome"].is_null() ? "not heard of any more" : run["outcome"].get<std::string>();
    fmt::print("{:<11} {}: {}, {}\n", "Run", run_name(run), end, images_and_bytes(run));
  }
}

// A version is worth a word where it is not this program's.
std::string ledger_text(const json& schema) {
  const int version = schema["ledger_version"];
  if (!schema["ledger"].get<bool>() || version == known_ledger_version())
    return schema["ledger"].get<bool>() ? "there" : "missing";
  return fmt::format("there in version {} (this program's is {})", version, known_ledger_version());
}

void print_status(const json& status, GuardState guard) {
  const json& site = status["site"];
  fmt::print("{:<11} {}\n", "Database", printable(site["database"].get<std::string>()));
  print_stores(site);
  fmt::print("{:<11} {}{}\n", "Hashing", printable(site["hashing_algorithm"].get<std::string>()),
             site["encrypted_locations"].get<bool>() ? ", locations may be encrypted" : "");
  const json& schema = status["schema"];
  const auto yes_no = [&](const char* key) {
    return schema[key].get<bool>() ? "there" : "missing";
  };
  fmt::print("{:<11} {}: os_hidden {}, os_hash columns {}, backglance's tables {}, {}\n", "Schema",
             join(schema["alembic_version"].get<std::vector<std::string>>(), " + "),
             yes_no("os_hidden"), yes_no("os_hash"), ledger_text(schema), guard_text(guard));
  const json& pending = status["without_hash"];
  fmt::print("{:<11} {} live without a hash, {} known ({} of unknown size)\n", "Images",
             pending["images"].get<std::int64_t>(),
             human_bytes(pending["bytes"].get<std::uint64_t>()),
             pending["unknown_size"].get<std::int64_t>());
  if (status.contains("queue")) {
    const json& queue = status["queue"];
    fmt::print("{:<11} to read: {}; could not be hashed: {}; to restore: {}\n", "Queue",
               images_and_bytes(queue["queued"]), images_and_bytes(queue["failed"]),
               queue["erased_by_glance"].get<std::int64_t>());
    std::vector<std::string> schemes;
    for (const auto& [scheme, images] : status["signatures"].items())
      schemes.push_back(fmt::format("{} {}", images.get<std::int64_t>(),
                                    signature_scheme_text(signature_scheme_from_name(scheme))));
    const auto settled = status["settled"].get<std::int64_t>();
    fmt::print("{:<11} {}{}\n", "Signatures",
               schemes.empty() ? "none flagged" : join(schemes, ", "),
               settled > 0 ? fmt::format("; {} settled", grouped(settled)) : "");
  }
  if (status.contains("fleet"))
    print_fleet(status);
  const json& due = status["due"];
  fmt::print("{:<11} {}\n", "Due", due["why"].get<std::string>());
  if (!due["next"].get<std::string>().empty())
    fmt::print("{:<11} {}\n", "Next", due["next"].get<std::string>());
}

}  // namespace

Runner add_status(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SchemaState state = read_schema_state(session);
    require_glance(state);
    const GuardState guard = find_guard(state, session.engine()).state;
    const json status = status_json(session, site, state, guard);
    if (common.json)
      print_json(status);
    else
      print_status(status, guard);
    return ExitCode::done;
  };
}

Runner add_check(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SchemaState state = read_schema_state(session);
    const Due due = assess(session, state);
    const GuardState guard = find_guard(state, session.engine()).state;
    if (common.json)
      print_json({{"exit_code", static_cast<int>(due.code)},
                  {"why", due.why},
                  {"next", due.next},
                  {"guard", guard_name(guard)}});
    else
      // The guard is optional: only what is there is worth a word.
      fmt::print("{}{}{}\n", due.why,
                 guard == GuardState::missing || guard == GuardState::hidden
                     ? ""
                     : fmt::format("; {}", guard_text(guard)),
                 due.next.empty() ? "" : " -- next: " + due.next);
    return due.code;
  };
}

}  // namespace backglance
