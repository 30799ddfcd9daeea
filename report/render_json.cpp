// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "report/columns.h"
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

// Machines get numbers and times as they are, without units and separators.
struct JsonCell {
  json operator()(Nothing) const { return nullptr; }
  // JSON is UTF-8; columns of a database may hold anything.
  json operator()(const Stored& stored) const { return valid_utf8(stored.text); }
  json operator()(const Word& word) const { return word.text; }
  json operator()(Count count) const { return count.number; }
  json operator()(Bytes bytes) const { return bytes.number; }
  json operator()(Minute minute) const { return iso_time(minute.time); }
  json operator()(Day day) const { return iso_time(day.time); }
  json operator()(bool truth) const { return truth; }
  json operator()(const Names& names) const {
    json out = json::array();
    for (const std::string& name : names)
      out.push_back(valid_utf8(name));
    return out;
  }
};

template <typename Row>
json object_of(Columns<Row> columns, const Row& row) {
  json object = json::object();
  for (const auto& [name, value] : members_of(columns, row))
    object[std::string(name)] = std::visit(JsonCell(), value);
  return object;
}

// The members are documented in docs/json.md; renaming one breaks somebody's script.
json coverage_of(const Summary& summary) {
  json algorithms = json::array();
  for (std::size_t i = 0; i < summary.coverage.size(); ++i)
    algorithms.push_back(object_of(coverage_columns(), CoverageRow{summary, i}));
  return {{"images", summary.images},
          {"bytes", summary.bytes},
          {"images_with_hash", summary.images_with_hash},
          {"bytes_with_hash", summary.bytes_with_hash},
          {"algorithms", std::move(algorithms)}};
}

json reads_of(const std::vector<SiteReport::ClassCount>& counts,
              const std::vector<SiteReport::Result>& results) {
  json classes = json::array();
  for (const SiteReport::ClassCount& count : counts)
    classes.push_back(object_of(class_columns(), ClassRow{count, {}}));
  json findings = json::array();
  for (const SiteReport::Result& result : results)
    findings.push_back(object_of(result_columns(), ResultRow{{}, result}));
  return {{"classes", std::move(classes)}, {"findings", std::move(findings)}};
}

json signatures_of(const SiteReport& report, const Summary& summary) {
  json images = json::array();
  for (const SiteReport::Signature& signature : report.signatures)
    images.push_back(object_of(signature_columns(), SignatureRow{report, signature}));
  json owners = json::array();
  for (const Summary::Owner& owner : summary.owners)
    owners.push_back(object_of(owner_columns(), OwnerRow{report, owner}));
  return {{"deprecated", summary.deprecated},
          {"deprecated_deleted", summary.deprecated_deleted},
          {"overdue", summary.overdue},
          {"removed", summary.removed},
          {"next_deadline_at", time_or_null(summary.next_deadline)},
          {"owners", std::move(owners)},
          {"images", std::move(images)}};
}

json stores_of(const SiteReport& report) {
  json stores = json::array();
  for (const SiteReport::StoreCount& store : report.stores)
    stores.push_back(object_of(store_columns(), StoreRow{store}));
  return stores;
}

json runs_of(const SiteReport& report) {
  json runs = json::array();
  for (const SiteReport::Run& run : report.runs)
    runs.push_back(object_of(run_columns(), RunLine{run}));
  return runs;
}

}  // namespace

json render_json(const SiteReport& report) {
  const Summary summary = summarize(report);
  return {{"version", valid_utf8(report.version)},
          {"database", valid_utf8(report.database)},
          {"made_at", iso_time(report.made_at)},
          {"coverage", coverage_of(summary)},
          {"stores", stores_of(report)},
          {"queued", {{"images", report.queued_images}, {"bytes", report.queued_bytes}}},
          {"backfill", reads_of(report.results, report.findings)},
          {"verify", reads_of(report.verify_results, report.verify_findings)},
          {"signatures", signatures_of(report, summary)},
          {"runs", runs_of(report)}};
}

std::string render_json_text(const SiteReport& report) {
  // All text from the database went through valid_utf8(). `replace` is for the rest, so that no
  // report fails because of one byte.
  return safe_json(render_json(report).dump(2, ' ', false, json::error_handler_t::replace)) + "\n";
}

}  // namespace backglance
