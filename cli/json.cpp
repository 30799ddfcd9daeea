// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace backglance {

using nlohmann::json;

namespace {

json text_or_null_json(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

json time_or_null_json(const std::optional<std::int64_t>& unix_seconds) {
  return unix_seconds ? json(iso_time(*unix_seconds)) : json(nullptr);
}

// Number of images by the name of the verdict; verdicts without images are left out.
json verdicts_json(const ReadResult::Verdicts& verdicts) {
  json object = json::object();
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i] > 0)
      object[std::string(signature_verdict_name(static_cast<SignatureVerdict>(i)))] = verdicts[i];
  return object;
}

}  // namespace

json totals_json(const QueueTotals& totals) {
  return {{"images", totals.images}, {"bytes", totals.bytes}};
}

json schemes_json(const std::vector<SchemeCount>& counts) {
  json schemes = json::object();
  for (const SchemeCount& count : counts)
    schemes[std::string(signature_scheme_name(count.scheme))] = count.images;
  return schemes;
}

json run_json(const RunRow& run) {
  return {{"run_id", run.run_id},
          {"command", run.command},
          {"host", run.host},
          {"started_at", iso_time(run.started_at)},
          {"finished_at", time_or_null_json(run.finished_at)},
          {"outcome", text_or_null_json(run.outcome)},
          {"images", run.images},
          {"bytes", run.bytes},
          {"stop_at", time_or_null_json(run.stop_at)},
          {"stop_by", text_or_null_json(run.stop_by)}};
}

json live_run_json(const LiveRun& run) {
  json object = run_json(run);
  object["heartbeat_age_seconds"] = run.heartbeat_age;
  object["bytes_per_second"] = run.bytes_per_second;
  object["waiting_for"] = text_or_null_json(run.waiting_for);
  return object;
}

json fleet_json(const FleetState& fleet) {
  // Before the first pause or resume, the row has neither an author nor a time.
  const bool was_told = !fleet.by.empty();
  return {{"paused", fleet.paused},
          {"by", text_or_null_json(fleet.by)},
          {"since", was_told ? json(iso_time(fleet.since)) : json(nullptr)},
          {"reason", text_or_null_json(fleet.reason)}};
}

json statements_json(const ExpandPlan& plan) {
  json statements = json::array();
  for (const PlannedStatement& planned : plan.statements)
    statements.push_back({{"step", planned.step},
                          {"statement", planned.statement.number},
                          {"sql", planned.statement.sql},
                          {"lock", planned.statement.lock},
                          {"cost", planned.statement.cost}});
  return statements;
}

json due_json(const Due& due) {
  return {{"exit_code", static_cast<int>(due.code)},
          {"why", due.why},
          {"next", due.next},
          {"findings", due.findings}};
}

std::string_view run_end_name(RunEnd end) {
  switch (end) {
    case RunEnd::complete:
      return "complete";
    case RunEnd::limit:
      return "limit";
    case RunEnd::out_of_time:
      return "out_of_time";
    case RunEnd::stopped:
      return "stopped";
    case RunEnd::interrupted:
      break;
  }
  return "interrupted";
}

json read_result_json(const ReadResult& result) {
  // The member keeps the name "classes", because programs read it; each of them is a result.
  json classes = json::object();
  for (std::size_t i = 0; i < result.classes.size(); ++i)
    if (result.classes[i].images > 0)
      classes[std::string(result_name(static_cast<ImageResult>(i)))] = {
          {"images", result.classes[i].images}, {"bytes", result.classes[i].bytes}};
  const auto too_large = [&] {
    return result.largest ? json({{"images", result.too_large},
                                  {"image_id", result.largest->id},
                                  {"size", result.largest->size}})
                          : json(nullptr);
  };
  return {{"dry_run", false},
          {"end", run_end_name(result.end)},
          {"classes", classes},
          {"again", result.again},
          {"queued", result.queued},
          {"bytes_read", result.bytes_read},
          {"left", {{"images", result.left_images}, {"bytes", result.left_bytes}}},
          {"too_large", too_large()},
          {"broken_off", result.broken_off},
          {"failed_before", result.failed_before},
          {"lost_leases", result.lost_leases},
          {"held_by_others", result.held_by_others.size()},
          {"forgotten", result.forgotten},
          {"signatures", verdicts_json(result.signatures)},
          {"legacy_signatures", verdicts_json(result.legacy_signatures)},
          {"chains", {{"trusted", result.trusted_chains}, {"untrusted", result.untrusted_chains}}},
          {"waited_for", result.waited_for}};
}

}  // namespace backglance
