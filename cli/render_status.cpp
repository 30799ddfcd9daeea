// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/site_status.h"
#include "cli/store_lines.h"
#include "sql/ledger_steps.h"

namespace backglance {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestWait = 500;  // bytes; several reasons may come together

// Lines of the form "Label       text".
class Lines {
 public:
  void add(std::string_view label, const std::string& text) {
    out_ += fmt::format("{:<11} {}\n", label, text);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// "fast: rbd  pool images of store fast, 12 images without a hash, 3.0 GiB".
std::string store_line(const StoreShare& store) {
  std::vector<std::string> parts;
  for (const PlaceState& place : store.places)
    parts.push_back(
        printable(place.place.empty() ? "a store directory without a name" : place.place) +
        (place.away.empty() || !store.why_not.empty()
             ? ""
             : fmt::format(" ** cannot be read here: {} **", place.away)));
  if (!store.is_configured)
    parts.emplace_back("** not in this configuration **");
  const bool has_images = store.pending.images > 0;
  // A type that no image uses, as http on most sites, is nobody's worry.
  if (const std::string api = through_api_text(store); !api.empty() && has_images)
    parts.push_back(fmt::format("{} ({})", api, store.why_not));
  else if (!store.why_not.empty() && (has_images || !store.places.empty()))
    parts.push_back(fmt::format("** cannot be read here: {} **", store.why_not));
  else if (!store.why_not.empty())
    parts.push_back("not read: " + store.why_not);
  parts.push_back(has_images ? store_share_text(store.pending) : "no image without a hash");
  return store_name(store) + "  " + join(parts, ", ");
}

// The version is named only if it is not this program's.
std::string ledger_text(const SiteStatus::Schema& schema) {
  if (!schema.has_ledger || schema.ledger_version == known_ledger_version())
    return schema.has_ledger ? "present" : "missing";
  return fmt::format("present in version {} (this program needs version {})", schema.ledger_version,
                     known_ledger_version());
}

std::string schema_line(const SiteStatus::Schema& schema) {
  const auto presence = [](bool is_present) { return is_present ? "present" : "missing"; };
  return fmt::format("{}: os_hidden {}, os_hash columns {}, backglance's tables {}, {}",
                     join(schema.revisions, " + "), presence(schema.has_os_hidden),
                     presence(schema.has_os_hash), ledger_text(schema), guard_text(schema.guard));
}

std::string images_and_bytes(std::int64_t images, std::int64_t bytes) {
  return fmt::format("{}, {}", counted(images, "image"),
                     human_bytes(static_cast<std::uint64_t>(bytes)));
}

std::string images_and_bytes(const QueueTotals& totals) {
  return images_and_bytes(totals.images, totals.bytes);
}

// By the schemes' names, as in the JSON.
std::string signatures_line(const SiteStatus::Ledger& ledger) {
  std::vector<SchemeCount> counts = ledger.signatures;
  std::sort(counts.begin(), counts.end(), [](const SchemeCount& a, const SchemeCount& b) {
    return signature_scheme_name(a.scheme) < signature_scheme_name(b.scheme);
  });
  std::vector<std::string> schemes;
  schemes.reserve(counts.size());
  std::int64_t deleted = 0;
  for (const SchemeCount& count : counts) {
    schemes.push_back(fmt::format("{} {}", count.images, signature_scheme_text(count.scheme)));
    deleted += count.deleted;
  }
  return (schemes.empty() ? "none flagged" : join(schemes, ", ")) +
         (deleted > 0 ? fmt::format("; {} of them on deleted images", grouped(deleted)) : "") +
         (ledger.settled > 0 ? fmt::format("; {} settled", grouped(ledger.settled)) : "");
}

std::string run_name(const RunRow& run) {
  return fmt::format("{} {} on {}", iso_time(run.started_at), run.command, printable(run.host));
}

std::string live_run_line(const LiveRun& run) {
  const std::string pace =
      run.waiting_for.empty() ? human_bytes(static_cast<std::uint64_t>(run.bytes_per_second)) + "/s"
                              : "waiting: " + printable(run.waiting_for, kLongestWait);
  return fmt::format("{}: {}, {}, heartbeat {} s ago{}", run_name(run),
                     images_and_bytes(run.images, run.bytes), pace, run.heartbeat_age,
                     run.stop_by.empty() ? "" : ", stopping, asked by " + printable(run.stop_by));
}

std::string fleet_line(const SiteStatus::Runs& runs) {
  const FleetState& fleet = runs.fleet;
  std::string paused;
  if (fleet.paused)
    paused = fmt::format("paused by {} since {}{}; ", printable(fleet.by), iso_time(fleet.since),
                         fleet.reason.empty() ? "" : ": " + printable(fleet.reason));
  return fmt::format("{}{} at work", paused,
                     counted(static_cast<std::int64_t>(runs.live.size()), "run"));
}

// The runs that are at work, and the last ones that are not.
void add_runs(Lines& lines, const SiteStatus::Runs& runs) {
  lines.add("Fleet", fleet_line(runs));
  for (const LiveRun& run : runs.live)
    lines.add("At work", live_run_line(run));
  for (const RunRow& run : runs.recent) {
    const bool is_live = std::any_of(runs.live.begin(), runs.live.end(), [&](const LiveRun& other) {
      return other.run_id == run.run_id;
    });
    if (is_live)
      continue;
    // Probably killed; the next run that begins ends its row.
    std::string end = run.outcome.empty() ? "no heartbeat, probably killed" : run.outcome;
    if (run.has_time_to_come())
      end += fmt::format("; its last heartbeat is {} ahead of the database's clock",
                         human_duration(std::chrono::seconds(run.clock_ahead)));
    lines.add("Run", fmt::format("{}: {}, {}", run_name(run), end,
                                 images_and_bytes(run.images, run.bytes)));
  }
}

// null on SQLite.
json server_json(const std::optional<ServerFacts>& server) {
  if (!server)
    return nullptr;
  return {{"product", server->product},
          {"version", server->version},
          {"cluster", server->cluster.empty() ? json() : json(server->cluster)},
          {"multi_primary", server->is_multi_primary},
          {"other_port", server->other_port ? json(*server->other_port) : json()}};
}

json site_json(const SiteStatus& status) {
  json stores = json::array();
  for (const StoreShare& store : status.stores)
    stores.push_back(store_share_json(store));
  return {{"database", status.database},
          {"server", server_json(status.server)},
          {"hashing_algorithm", status.hashing_algorithm},
          {"encrypted_locations", status.encrypted_locations},
          {"stores", stores},
          {"config_files", status.config_files}};
}

json schema_json(const SiteStatus::Schema& schema) {
  return {{"alembic_version", schema.revisions},     {"os_hidden", schema.has_os_hidden},
          {"os_hash", schema.has_os_hash},           {"ledger", schema.has_ledger},
          {"ledger_version", schema.ledger_version}, {"guard", guard_name(schema.guard)}};
}

}  // namespace

std::string status_text(const SiteStatus& status) {
  Lines lines;
  lines.add("Database", printable(status.database));
  if (status.server)
    lines.add("Server", server_text(*status.server));
  for (const StoreShare& store : status.stores)
    lines.add("Store", store_line(store));
  lines.add("Hashing", printable(status.hashing_algorithm) +
                           (status.can_hash ? "" : " ** not a known algorithm **") +
                           (status.encrypted_locations ? ", locations may be encrypted" : ""));
  lines.add("Schema", schema_line(status.schema));
  lines.add("Images",
            fmt::format("{} without a hash, known size {} ({} of unknown size)",
                        counted(status.without_hash.images, "live image"),
                        human_bytes(static_cast<std::uint64_t>(status.without_hash.bytes)),
                        status.without_hash.unknown_size));
  if (status.ledger) {
    lines.add("Queue", fmt::format("to read: {}; could not be hashed: {}; to restore: {}",
                                   images_and_bytes(status.ledger->queued),
                                   images_and_bytes(status.ledger->failed),
                                   counted(status.ledger->erased, "hash")));
    lines.add("Signatures", signatures_line(*status.ledger));
  }
  if (status.runs)
    add_runs(lines, *status.runs);
  lines.add("Due", status.due.why);
  if (!status.due.next.empty())
    lines.add("Next", status.due.next);
  return lines.take();
}

json status_json(const SiteStatus& status) {
  json object = {{"site", site_json(status)},
                 {"schema", schema_json(status.schema)},
                 {"without_hash",
                  {{"images", status.without_hash.images},
                   {"bytes", status.without_hash.bytes},
                   {"unknown_size", status.without_hash.unknown_size}}},
                 {"runs", json::array()},
                 {"recent_runs", json::array()},
                 {"due", due_json(status.due)}};
  if (status.ledger) {
    object["queue"] = {{"queued", totals_json(status.ledger->queued)},
                       {"claimable_now", totals_json(status.ledger->claimable)},
                       {"failed", totals_json(status.ledger->failed)},
                       {"erased_by_glance", status.ledger->erased}};
    object["signatures"] = schemes_json(status.ledger->signatures);
    object["settled"] = status.ledger->settled;
  }
  if (status.runs) {
    object["fleet"] = fleet_json(status.runs->fleet);
    for (const LiveRun& run : status.runs->live)
      object["runs"].push_back(live_run_json(run));
    for (const RunRow& run : status.runs->recent)
      object["recent_runs"].push_back(run_json(run));
  }
  return object;
}

void print_status(const SiteStatus& status, bool as_json) {
  if (as_json)
    print_json(status_json(status));
  else
    print_out("{}", status_text(status));
}

std::string check_text(const CheckAnswer& answer) {
  const Due& due = answer.due;
  // The guard is optional, so only a guard that exists is named.
  const bool is_there = answer.guard != GuardState::missing && answer.guard != GuardState::hidden;
  return fmt::format("{}{}{}\n", due.why,
                     is_there ? fmt::format("; {}", guard_text(answer.guard)) : "",
                     due.next.empty() ? "" : " -- next: " + due.next);
}

json check_json(const CheckAnswer& answer) {
  json object = due_json(answer.due);
  object["guard"] = guard_name(answer.guard);
  object["coverage"] = answer.coverage ? json(answer.coverage->percent()) : json();
  return object;
}

void print_check(const CheckAnswer& answer, bool as_json) {
  if (as_json)
    print_json(check_json(answer));
  else
    print_out("{}", check_text(answer));
}

}  // namespace backglance
