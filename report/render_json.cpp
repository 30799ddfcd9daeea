// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "report/render.h"
#include "report/summary.h"
#include "report/utf8.h"
#include "report/wording.h"

namespace backglance {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<std::int64_t>& time) {
  return time ? json(iso_time(*time)) : json(nullptr);
}

json names_of(const std::vector<std::string>& names) {
  json out = json::array();
  for (const std::string& name : names)
    out.push_back(valid_utf8(name));
  return out;
}

json coverage_of(const Summary& summary) {
  json algorithms = json::array();
  for (const SiteReport::Coverage& row : summary.coverage)
    algorithms.push_back(
        {{"algorithm", row.algorithm.empty() ? json(nullptr) : json(valid_utf8(row.algorithm))},
         {"images", row.images},
         {"bytes", row.bytes}});
  return {{"images", summary.images},
          {"bytes", summary.bytes},
          {"images_with_hash", summary.images_with_hash},
          {"bytes_with_hash", summary.bytes_with_hash},
          {"algorithms", std::move(algorithms)}};
}

json reads_of(const std::vector<SiteReport::ClassCount>& counts,
              const std::vector<SiteReport::Result>& results) {
  json classes = json::array();
  for (const SiteReport::ClassCount& row : counts)
    classes.push_back({{"class", read_class_name(row.read_class)},
                       {"finding", is_finding(row.read_class)},
                       {"images", row.images},
                       {"bytes", row.bytes}});
  json findings = json::array();
  for (const SiteReport::Result& result : results)
    findings.push_back({{"image_id", valid_utf8(result.image_id)},
                        {"name", valid_utf8(result.name)},
                        {"owner", valid_utf8(result.owner)},
                        {"size", result.size},
                        {"class", read_class_name(result.read_class)},
                        {"reason", valid_utf8(result.reason)},
                        {"finished_at", iso_time(result.finished_at)}});
  return {{"classes", std::move(classes)}, {"findings", std::move(findings)}};
}

json verdict_or_null(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? json(signature_verdict_name(*verdict)) : json(nullptr);
}

json chain_or_null(const std::optional<bool>& is_trusted) {
  return is_trusted ? json(chain_name(*is_trusted)) : json(nullptr);
}

json signatures_of(const SiteReport& report, const Summary& summary) {
  json images = json::array();
  for (const SiteReport::Signature& signature : report.signatures)
    images.push_back({{"image_id", valid_utf8(signature.image_id)},
                      {"name", valid_utf8(signature.name)},
                      {"owner", valid_utf8(signature.owner)},
                      {"status", valid_utf8(signature.status)},
                      {"deleted", signature.deleted},
                      {"hidden", signature.hidden},
                      {"snapshot", signature.snapshot},
                      {"scheme", signature_scheme_name(signature.scheme)},
                      {"deprecated", is_outstanding(signature)},
                      {"present", names_of(signature.present)},
                      {"missing", names_of(signature.missing)},
                      {"flagged_at", iso_time(signature.flagged_at)},
                      {"deadline_at", time_or_null(signature.deadline_at)},
                      {"removed_at", time_or_null(signature.removed_at)},
                      {"verdict", verdict_or_null(signature.verdict)},
                      {"legacy_verdict", verdict_or_null(signature.legacy_verdict)},
                      {"verdict_reason", valid_utf8(reasons_text(signature))},
                      {"verified_at", time_or_null(signature.verified_at)},
                      {"chain", chain_or_null(signature.is_trusted)}});
  json owners = json::array();
  for (const Summary::Owner& owner : summary.owners)
    owners.push_back({{"owner", valid_utf8(owner.owner)},
                      {"images", owner.images},
                      {"overdue", owner.overdue},
                      {"first_deadline_at", time_or_null(owner.first_deadline)}});
  return {{"deprecated", summary.deprecated},
          {"deprecated_deleted", summary.deprecated_deleted},
          {"overdue", summary.overdue},
          {"removed", summary.removed},
          {"next_deadline_at", time_or_null(summary.next_deadline)},
          {"owners", std::move(owners)},
          {"images", std::move(images)}};
}

json runs_of(const SiteReport& report) {
  json runs = json::array();
  for (const SiteReport::Run& run : report.runs)
    runs.push_back(
        {{"run_id", valid_utf8(run.run_id)},
         {"command", valid_utf8(run.command)},
         {"host", valid_utf8(run.host)},
         {"started_at", iso_time(run.started_at)},
         {"finished_at", time_or_null(run.finished_at)},
         {"outcome", run.outcome.empty() ? json(nullptr) : json(valid_utf8(run.outcome))},
         {"images", run.images},
         {"bytes", run.bytes}});
  return runs;
}

}  // namespace

json render_json(const SiteReport& report) {
  const Summary summary = summarize(report);
  return {{"version", valid_utf8(report.version)},
          {"database", valid_utf8(report.database)},
          {"made_at", iso_time(report.made_at)},
          {"coverage", coverage_of(summary)},
          {"queued", {{"images", report.queued_images}, {"bytes", report.queued_bytes}}},
          {"backfill", reads_of(report.results, report.findings)},
          {"verify", reads_of(report.verify_results, report.verify_findings)},
          {"signatures", signatures_of(report, summary)},
          {"runs", runs_of(report)}};
}

}  // namespace backglance
