// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/wording.h"

namespace backglance {
namespace {

std::string head_text(const SiteReport& report, const Summary& summary, int columns) {
  std::string out = "backglance report\n";
  const auto line = [&](std::string_view label, const std::string& value) {
    // A line breaks only behind the label, so that a long database URL stays whole.
    const std::string text = wrapped(value, columns, 13);
    out += fmt::format("  {:<11}{}", label, text.substr(13));
  };
  line("database", printable(report.database, 500));
  line("made", fmt::format("{} by backglance {}", minute_text(report.made_at), report.version));
  if (summary.images == 0)
    line("coverage", "no live images");
  else
    line("coverage",
         fmt::format("{} of {} have a hash ({}), {} of {} ({})", grouped(summary.images_with_hash),
                     counted(summary.images, "image"),
                     percent_text(summary.images_with_hash, summary.images),
                     bytes_text(summary.bytes_with_hash), bytes_text(summary.bytes),
                     percent_text(summary.bytes_with_hash, summary.bytes)));
  if (report.queued_images > 0)
    line("queued", fmt::format("{} still to read, {}", counted(report.queued_images, "image"),
                               bytes_text(report.queued_bytes)));
  return out;
}

std::string coverage_text(const Summary& summary, int columns) {
  if (summary.coverage.empty())
    return {};
  std::vector<CoverageRow> rows;
  for (std::size_t i = 0; i < summary.coverage.size(); ++i)
    rows.push_back({summary, i});
  return "\nCoverage of live images\n" + text_table(coverage_columns(), rows).render(columns);
}

// Of one store the coverage says it all.
std::string stores_text(const SiteReport& report, int columns) {
  if (report.stores.size() < 2)
    return {};
  std::vector<StoreRow> rows;
  for (const SiteReport::StoreCount& store : report.stores)
    rows.push_back({store});
  return "\nLive images by store\n" + text_table(store_columns(), rows).render(columns);
}

std::string results_text(std::string_view title, const std::vector<SiteReport::ClassCount>& results,
                         int columns) {
  if (results.empty())
    return {};
  std::vector<ClassRow> rows;
  rows.reserve(results.size());
  for (const SiteReport::ClassCount& count : results)
    rows.push_back({count, {}});
  return fmt::format("\n{}\n{}", title, text_table(class_columns(), rows).render(columns));
}

// One table for each result, below its meaning. `findings` are sorted by result.
std::string findings_text(std::string_view title, const std::vector<SiteReport::Result>& findings,
                          std::string_view (*meaning)(ImageResult), int columns) {
  std::string out;
  for (auto begin = findings.begin(); begin != findings.end();) {
    // The end of this result's findings: they stand together.
    const auto end = std::find_if(begin, findings.end(), [&](const SiteReport::Result& result) {
      return result.result != begin->result;
    });
    std::vector<ResultRow> rows;
    for (auto at = begin; at != end; ++at)
      rows.push_back({title, *at});
    out += fmt::format("\n{}: {}, {}\n", title, result_text(begin->result),
                       counted(std::distance(begin, end), "image"));
    out += wrapped(std::string(meaning(begin->result)), columns, 2);
    out += text_table(result_columns(), rows).render(columns);
    begin = end;
  }
  return out;
}

// In the report's order: deprecated first, by deadline.
std::vector<SignatureRow> rows_of(const SiteReport& report,
                                  bool (&wanted)(const SiteReport::Signature&)) {
  std::vector<SignatureRow> rows;
  for (const SiteReport::Signature& signature : report.signatures)
    if (wanted(signature))
      rows.push_back({report, signature});
  return rows;
}

std::string signature_findings_text(const SiteReport& report, const Summary& summary, int columns) {
  if (summary.signature_findings.empty())
    return {};
  const auto rows = rows_of(report, has_signature_finding);
  return fmt::format("\nimg_signature that does not verify: {}\n{}",
                     counted(static_cast<std::int64_t>(rows.size()), "image"),
                     wrapped(std::string(kSignatureFindingsMeaning), columns, 2)) +
         text_table(verdict_columns(), rows).render(columns);
}

std::string signature_heading(const Summary& summary) {
  std::string out = fmt::format("{} of {}", counted(summary.deprecated, "live image"),
                                counted(static_cast<std::int64_t>(summary.owners.size()), "owner"));
  if (summary.deprecated_deleted > 0)
    out += fmt::format(", {} deleted", grouped(summary.deprecated_deleted));
  if (summary.overdue > 0)
    out += fmt::format("; deadline passed for {}", grouped(summary.overdue));
  if (summary.next_deadline)
    out += "; next deadline " + date_text(*summary.next_deadline);
  return out;
}

std::string signatures_text(const SiteReport& report, const Summary& summary, int columns) {
  if (summary.deprecated + summary.deprecated_deleted == 0)
    return "\nDeprecated signatures: none\n";
  return "\n" + wrapped("Deprecated signatures: " + signature_heading(summary), columns, 0) +
         text_table(signature_columns(), rows_of(report, is_outstanding)).render(columns);
}

std::string other_signatures_text(const Summary& summary, int columns) {
  if (summary.other_schemes.empty() && summary.removed == 0)
    return {};
  std::vector<SchemeRow> rows;
  for (const Summary::SchemeCount& count : summary.other_schemes)
    rows.push_back({count.scheme, count.images});
  if (summary.removed > 0)
    rows.push_back({std::nullopt, summary.removed});
  return "\nOther images with signature properties\n" +
         text_table(scheme_columns(), rows).render(columns);
}

std::string runs_text(const SiteReport& report, int columns) {
  if (report.runs.empty())
    return {};
  std::vector<RunLine> rows;
  for (const SiteReport::Run& run : report.runs)
    rows.push_back({run});
  return "\nRecent runs\n" + text_table(run_columns(), rows).render(columns);
}

}  // namespace

std::string render_text(const SiteReport& report, int columns) {
  // Below 40 columns an id alone does not fit. 0 is no limit: the output goes into a file.
  if (columns > 0)
    columns = std::max(columns, 40);
  const Summary summary = summarize(report);
  std::string out = head_text(report, summary, columns);
  out += coverage_text(summary, columns);
  out += stores_text(report, columns);
  // Said in words, because an empty table would look like a failure.
  out += report.results.empty() ? std::string("\nResults of the backfill: none yet\n")
                                : results_text("Results of the backfill", report.results, columns);
  out += results_text("Results of verify", report.verify_results, columns);
  out += findings_text("Backfill", report.findings, result_meaning, columns);
  out += findings_text("Verify", report.verify_findings, verify_result_meaning, columns);
  out += signature_findings_text(report, summary, columns);
  out += signatures_text(report, summary, columns);
  out += other_signatures_text(summary, columns);
  out += runs_text(report, columns);
  return out;
}

}  // namespace backglance
