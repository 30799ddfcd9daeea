// SPDX-License-Identifier: Apache-2.0
#include "report/collect.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <tuple>

#include "base/text.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "report/columns.h"
#include "report/summary.h"
#include "sql/schema_state.h"
#include "sql/text.h"
#include "version.h"

namespace backglance {
namespace {

// The latest runs; all of them stay in backglance_run.
constexpr std::int64_t kRuns = 20;

const std::string& report_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "report", name);
}

std::vector<SiteReport::Signature> read_signatures(Session& session) {
  std::vector<SiteReport::Signature> signatures;
  session.query(report_sql(session, "signatures"), {}, [&](const SqlRow& row) {
    signatures.push_back(read_record(signature_columns(), row));
  });
  // What is deprecated first, then by deadline. In the end by id, so that two reports of one state
  // are the same, byte for byte.
  std::stable_sort(signatures.begin(), signatures.end(),
                   [](const SiteReport::Signature& a, const SiteReport::Signature& b) {
                     const auto key = [](const SiteReport::Signature& s) {
                       return std::tuple(!is_deprecated(s.scheme), s.deadline_at.value_or(0),
                                         std::string_view(s.image_id));
                     };
                     return key(a) < key(b);
                   });
  return signatures;
}

std::vector<SiteReport::Result> read_findings(Session& session, std::string_view name) {
  std::vector<SiteReport::Result> findings;
  session.query(report_sql(session, name), {}, [&](const SqlRow& row) {
    SiteReport::Result result = read_record(result_columns(), row);
    // A result that only a later version knows is read as one that is no finding.
    if (is_finding(result.result))
      findings.push_back(std::move(result));
  });
  std::stable_sort(findings.begin(), findings.end(),
                   [](const SiteReport::Result& a, const SiteReport::Result& b) {
                     return std::tie(a.result, a.image_id) < std::tie(b.result, b.image_id);
                   });
  return findings;
}

// All images that are gone count as one result, whatever was found of them while they were there.
std::vector<SiteReport::ClassCount> read_counts(Session& session, std::string_view name) {
  std::map<ImageResult, SiteReport::ClassCount> by_result;
  session.query(report_sql(session, name), {}, [&](const SqlRow& row) {
    const auto found = row.truth(1) ? ImageResult::gone : result_from_name(row.text_or_empty(0));
    // NULL, or a result of a later version: nothing that could be counted here.
    if (!found)
      return;
    SiteReport::ClassCount& count = by_result[*found];
    count.result = *found;
    count.images += row.integer_or(2, 0);
    count.bytes = saturating_sum(count.bytes, row.integer_or(3, 0));
  });
  std::vector<SiteReport::ClassCount> counts;
  counts.reserve(by_result.size());
  for (const auto& [result, count] : by_result)
    counts.push_back(count);
  return counts;
}

}  // namespace

std::vector<SiteReport::Coverage> read_coverage(Session& session) {
  std::vector<SiteReport::Coverage> coverage;
  session.query(report_sql(session, "coverage"), {}, [&](const SqlRow& row) {
    coverage.push_back({row.text_or_empty(0), row.integer_or(1, 0), row.integer_or(2, 0)});
  });
  return coverage;
}

std::vector<std::pair<ImageResult, std::int64_t>> finding_counts(Session& session) {
  std::map<ImageResult, std::int64_t> counts;
  session.query(report_sql(session, "finding_counts_of_backfill"), {}, [&](const SqlRow& row) {
    const auto found = result_from_name(row.text_or_empty(0));
    // As in the list of findings: a result of a later version is none.
    if (found && is_finding(*found))
      counts[*found] += row.integer_or(1, 0);
  });
  return {counts.begin(), counts.end()};
}

Proofs read_proofs(Session& session) {
  const auto row =
      session.first_row(report_sql(session, "proofs"),
                        {{"hashed", std::string(result_name(ImageResult::hashed))},
                         {"verified", std::string(result_name(ImageResult::verified))}});
  if (!row)
    return {};
  return {row->integer_or(0, 0), row->integer(1)};
}

SiteReport collect_report(Session& session, const DatabaseUrl& database) {
  // Each list is read by a statement of its own: images may be published between two of them.
  const SchemaState state = read_schema_state(session);
  require_expanded(state);
  SiteReport report;
  report.version = kVersion;
  report.database = database.redacted();
  report.made_at = std::time(nullptr);
  report.signatures = read_signatures(session);
  report.findings = read_findings(session, "findings");
  report.verify_findings = read_findings(session, "verify_findings");
  report.results = read_counts(session, "results");
  report.verify_results = read_counts(session, "verify_results");
  report.coverage = read_coverage(session);
  for (RunRow& run : recent_runs(session, kRuns))
    report.runs.push_back({run.run_id, run.command, run.host, run.started_at, run.finished_at,
                           run.outcome, run.images, run.bytes});
  // From the same statements as status and check, so that all three say one number.
  const QueueTotals queued = site_figures(session, state).queued;
  report.queued_images = queued.images;
  report.queued_bytes = queued.bytes;
  return report;
}

}  // namespace backglance
