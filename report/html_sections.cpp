// SPDX-License-Identifier: Apache-2.0
#include "report/html_sections.h"

#include <algorithm>

#include "base/text.h"
#include "report/charts.h"
#include "report/columns.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Rows of one table: more would make the page slow on a phone. Reports as CSV have all.
constexpr std::size_t kMaxRows = 2000;

// Every table of the page, by its id: the style sheet names the cells of each.
struct Tables {
  HtmlTable coverage =
      page_table(coverage_columns(), "t-coverage", "Live images by hash algorithm");
  HtmlTable stores = page_table(store_columns(), "t-stores", "Live images by store");
  HtmlTable look = page_table(class_columns(), "t-look", "Findings of the backfill");
  HtmlTable waiting = page_table(class_columns(), "t-waiting", "Images that are still to be read");
  HtmlTable settled = page_table(class_columns(), "t-settled", "Other results of the backfill");
  HtmlTable verify = page_table(class_columns(), "t-verify", "Results of verify");
  HtmlTable owners = page_table(owner_columns(), "t-owners", "Deprecated signatures by owner");
  HtmlTable schemes = page_table(scheme_columns(), "t-schemes", "Deprecated signatures by scheme");
  HtmlTable others = page_table(scheme_columns(), "t-others", "Other signature properties");
  HtmlTable findings = page_table(result_columns(), "t-findings", "Backfill findings by image");
  HtmlTable verify_findings =
      page_table(result_columns(), "t-verify-findings", "Verify findings by image");
  HtmlTable verdicts =
      page_table(verdict_columns(), "t-verdicts", "img_signature that does not verify");
  HtmlTable signatures =
      page_table(signature_columns(), "t-signatures", "Images with deprecated signatures");
  HtmlTable runs = page_table(run_columns(), "t-runs", "Recent runs");
};

// Made once: the style sheet and every page use the same tables.
const Tables& tables() {
  static const Tables all;
  return all;
}

// The table with the first rows, and where the others are: `option` of `backglance report`.
template <typename Row>
Html capped_table(const HtmlTable& table, Columns<Row> columns, const std::vector<Row>& rows,
                  const Html& option) {
  if (rows.size() <= kMaxRows)
    return html_table(table, page_rows(columns, rows));
  // Copies of the rows alone, which are references.
  const std::vector<Row> first(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kMaxRows));
  return html_table(table, page_rows(columns, first)) +
         html_part("cap", {{"shown", html_escaped(grouped(static_cast<std::int64_t>(kMaxRows)))},
                           {"total", html_escaped(grouped(static_cast<std::int64_t>(rows.size())))},
                           {"option", option}});
}

// Findings have a table of their own, because somebody must act on them.
enum class Classes { findings, waiting, others, all };

// Waiting images are neither findings nor finished: the queue still has them.
Classes class_of(ImageResult result) {
  if (is_finding(result))
    return Classes::findings;
  return facts_of(result).retry.when == RetryRule::When::soon ? Classes::waiting : Classes::others;
}

Html class_table(const HtmlTable& table, const std::vector<SiteReport::ClassCount>& results,
                 Classes wanted, std::string_view (*meaning)(ImageResult) = result_meaning) {
  std::vector<ClassRow> rows;
  for (const SiteReport::ClassCount& count : results)
    if (wanted == Classes::all || class_of(count.result) == wanted)
      rows.push_back({count, meaning(count.result)});
  return html_table(table, page_rows(class_columns(), rows));
}

std::vector<SchemeRow> scheme_rows(const std::vector<Summary::SchemeCount>& counts) {
  std::vector<SchemeRow> rows;
  rows.reserve(counts.size());
  for (const Summary::SchemeCount& count : counts)
    rows.push_back({count.scheme, count.images});
  return rows;
}

Html owner_table(const SiteReport& report, const Summary& summary) {
  std::vector<OwnerRow> rows;
  rows.reserve(summary.owners.size());
  for (const Summary::Owner& owner : summary.owners)
    rows.push_back({report, owner});
  return capped_table(tables().owners, owner_columns(), rows, "--json");
}

Html findings_table(const HtmlTable& table, const std::vector<SiteReport::Result>& findings) {
  std::vector<ResultRow> rows;
  rows.reserve(findings.size());
  for (const SiteReport::Result& result : findings)
    rows.push_back({"", result});
  return capped_table(table, result_columns(), rows, "--csv=findings");
}

// The table of those that are wanted; empty if there are none.
Html signatures_table(const HtmlTable& table, Columns<SignatureRow> columns,
                      const SiteReport& report, bool (&wanted)(const SiteReport::Signature&)) {
  std::vector<SignatureRow> rows;
  for (const SiteReport::Signature& signature : report.signatures)
    if (wanted(signature))
      rows.push_back({report, signature});
  return capped_table(table, columns, rows, "--csv");
}

}  // namespace

Html coverage_section(const SiteReport& report, const Summary& summary) {
  if (summary.images == 0)
    return html_section("coverage", "Coverage", html_in("empty", "This site has no live images."));
  std::vector<CoverageRow> rows;
  for (std::size_t i = 0; i < summary.coverage.size(); ++i)
    rows.push_back({summary, i});
  Html out = html_in("paragraph", "Active and deactivated images by the algorithm of their hash.") +
             coverage_bars(summary) +
             html_table(tables().coverage, page_rows(coverage_columns(), rows));
  // Of one store this would be the same once more.
  if (report.stores.size() > 1) {
    std::vector<StoreRow> stores;
    for (const SiteReport::StoreCount& store : report.stores)
      stores.push_back({store});
    out += html_in("sub-heading", "By store") +
           html_table(tables().stores, page_rows(store_columns(), stores));
  }
  return html_section("coverage", "Coverage", out);
}

Html results_section(const SiteReport& report) {
  if (report.results.empty() && report.verify_results.empty())
    return html_section("results", "Results", html_part("no-reads"));
  Html out =
      html_in("paragraph", "The last result of each image that backglance took from its queue.");
  const Html findings = class_table(tables().look, report.results, Classes::findings);
  if (!findings.empty())
    out += html_in("sub-heading", "Findings") + findings;
  const Html waiting = class_table(tables().waiting, report.results, Classes::waiting);
  if (!waiting.empty())
    out += html_in("sub-heading", "Still to be read") + waiting;
  const Html others = class_table(tables().settled, report.results, Classes::others);
  if (!others.empty() && !(findings.empty() && waiting.empty()))
    out += html_in("sub-heading", "Other results");
  out += others;
  if (!report.verify_results.empty())
    out += html_in("sub-heading", "Read again by verify") +
           class_table(tables().verify, report.verify_results, Classes::all, verify_result_meaning);
  return html_section("results", "Results", out);
}

Html signatures_section(const SiteReport& report, const Summary& summary) {
  Html out;
  if (summary.deprecated == 0) {
    out += html_in("empty", "No live image has a signature over the MD5.");
  } else {
    out += html_in(
        "paragraph",
        "A deprecated signature signs the MD5 of an image, as in the Liberty release. No Glance "
        "since Newton verifies it, so it protects nothing. backglance contract removes it after "
        "the grace period of the image.");
    if (const Html chart = deadline_chart(report); !chart.empty())
      out += html_part("chart", {{"chart", chart}});
    out += html_in("sub-heading", "By owner") + owner_table(report, summary);
    out += html_in("sub-heading", "By scheme") +
           html_table(tables().schemes,
                      page_rows(scheme_columns(), scheme_rows(summary.deprecated_schemes)));
  }
  // Deleted images keep their flags until they are purged, and need nobody.
  if (summary.deprecated_deleted > 0)
    out += html_in("note", "Not counted here: " +
                               html_escaped(counted(summary.deprecated_deleted, "deleted image")) +
                               " with such a signature.");
  std::vector<SchemeRow> others = scheme_rows(summary.other_schemes);
  if (summary.removed > 0)
    others.push_back({std::nullopt, summary.removed});
  if (!others.empty())
    out += html_in("sub-heading", "Other signature properties") +
           html_table(tables().others, page_rows(scheme_columns(), others));
  return html_section("signatures", "Deprecated signatures", out);
}

Html findings_section(const SiteReport& report, const Summary& summary) {
  // No heading above nothing; the navigation leaves it out as well.
  if (summary.images_with_findings == 0)
    return {};
  Html out = findings_table(tables().findings, report.findings);
  if (!report.verify_findings.empty())
    out += html_in("sub-heading", "Found by verify") +
           findings_table(tables().verify_findings, report.verify_findings);
  if (!summary.signature_findings.empty())
    out += html_in("sub-heading", "img_signature that does not verify") +
           html_in("paragraph", html_escaped(kSignatureFindingsMeaning)) +
           signatures_table(tables().verdicts, verdict_columns(), report, has_signature_finding);
  return html_section("findings", "Findings by image", out, "list");
}

Html signature_list_section(const SiteReport& report) {
  const Html table =
      signatures_table(tables().signatures, signature_columns(), report, is_outstanding);
  return table.empty() ? table
                       : html_section("images", "Images with deprecated signatures", table, "list");
}

Html runs_section(const SiteReport& report) {
  std::vector<RunLine> rows;
  for (const SiteReport::Run& run : report.runs)
    rows.push_back({run});
  return html_section("runs", "Recent runs",
                      rows.empty() ? html_in("empty", "There was no run yet.")
                                   : html_table(tables().runs, page_rows(run_columns(), rows)));
}

Html html_sections_style() {
  const Tables& all = tables();
  Html out;
  // On a narrow screen each row is a card, whose labels come from here.
  for (const HtmlTable* table : {&all.coverage, &all.stores, &all.look, &all.waiting, &all.settled,
                                 &all.verify, &all.owners, &all.schemes, &all.others, &all.findings,
                                 &all.verify_findings, &all.verdicts, &all.signatures, &all.runs})
    out += html_table_style(*table);
  return out;
}

}  // namespace backglance
