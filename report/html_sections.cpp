// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/summary.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Rows of one table: more would make the page slow on a phone. Reports as CSV have all.
constexpr std::size_t kMaxRows = 2000;

constexpr std::array kCoverageColumns = {
    HtmlColumn{"Algorithm", HtmlCell::label}, HtmlColumn{"Images", HtmlCell::number},
    HtmlColumn{"Share", HtmlCell::number}, HtmlColumn{"Bytes", HtmlCell::number},
    HtmlColumn{"Share of bytes", HtmlCell::number}};
constexpr std::array kClassColumns = {
    HtmlColumn{"Class", HtmlCell::label}, HtmlColumn{"Images", HtmlCell::number},
    HtmlColumn{"Bytes", HtmlCell::number}, HtmlColumn{"What it means", HtmlCell::prose}};
constexpr std::array kOwnerColumns = {
    HtmlColumn{"Owner", HtmlCell::id}, HtmlColumn{"Images", HtmlCell::number},
    HtmlColumn{"Past deadline", HtmlCell::number}, HtmlColumn{"First due"}};
constexpr std::array kSchemeColumns = {HtmlColumn{"Scheme", HtmlCell::label},
                                       HtmlColumn{"Images", HtmlCell::number},
                                       HtmlColumn{"What it means", HtmlCell::prose}};
constexpr std::array kFindingColumns = {
    HtmlColumn{"Image", HtmlCell::id}, HtmlColumn{"Finding", HtmlCell::prose},
    HtmlColumn{"Owner", HtmlCell::owner}, HtmlColumn{"Size", HtmlCell::size}, HtmlColumn{"Read"}};
constexpr std::array kVerdictColumns = {
    HtmlColumn{"Image", HtmlCell::id}, HtmlColumn{"Signature over the data", HtmlCell::prose},
    HtmlColumn{"Owner", HtmlCell::owner}, HtmlColumn{"Verified"}};
constexpr std::array kSignatureColumns = {HtmlColumn{"Image", HtmlCell::id},
                                          HtmlColumn{"Owner", HtmlCell::owner},
                                          HtmlColumn{"Status"},
                                          HtmlColumn{"Scheme", HtmlCell::label},
                                          HtmlColumn{"Flagged"},
                                          HtmlColumn{"Deadline"}};
constexpr std::array kRunColumns = {HtmlColumn{"Started"},
                                    HtmlColumn{"Command"},
                                    HtmlColumn{"Outcome"},
                                    HtmlColumn{"Images", HtmlCell::number},
                                    HtmlColumn{"Bytes", HtmlCell::number},
                                    HtmlColumn{"Time", HtmlCell::number},
                                    HtmlColumn{"Host"}};

constexpr HtmlTable kCoverageTable{"t-coverage", "Live images by hash algorithm", kCoverageColumns};
constexpr HtmlTable kLookTable{"t-look", "Classes to look at", kClassColumns};
constexpr HtmlTable kSettledTable{"t-settled", "Other results of the backfill", kClassColumns};
constexpr HtmlTable kVerifyTable{"t-verify", "Results of verify", kClassColumns};
constexpr HtmlTable kOwnerTable{"t-owners", "Deprecated signatures by owner", kOwnerColumns};
constexpr HtmlTable kSchemeTable{"t-schemes", "Deprecated signatures by scheme", kSchemeColumns};
constexpr HtmlTable kOtherTable{"t-others", "Other signature properties", kSchemeColumns};
constexpr HtmlTable kFindingTable{"t-findings", "Backfill findings by image", kFindingColumns};
constexpr HtmlTable kVerifyFindingTable{"t-verify-findings", "Verify findings by image",
                                        kFindingColumns};
constexpr HtmlTable kVerdictTable{"t-verdicts", "Signatures over the data to look at",
                                  kVerdictColumns};
constexpr HtmlTable kSignatureTable{"t-signatures", "Images with deprecated signatures",
                                    kSignatureColumns};
constexpr HtmlTable kRunTable{"t-runs", "Recent runs", kRunColumns};

constexpr std::array kTables = {kCoverageTable,      kLookTable,    kSettledTable,   kVerifyTable,
                                kOwnerTable,         kSchemeTable,  kOtherTable,     kFindingTable,
                                kVerifyFindingTable, kVerdictTable, kSignatureTable, kRunTable};

std::string section_start(std::string_view id, std::string_view title,
                          std::string_view style_class = "overview") {
  return fmt::format("<section class=\"{2}\" aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n",
                     id, title, style_class);
}

std::string empty_note(std::string_view text) {
  return fmt::format("<p class=\"empty\">{}</p>\n", html_escaped(text));
}

std::string cap_note(std::size_t total, std::string_view option) {
  if (total <= kMaxRows)
    return {};
  return fmt::format(
      "<p class=\"note\">The first {} of {} rows. <code>backglance report {}</code> "
      "prints all.</p>\n",
      grouped(static_cast<std::int64_t>(kMaxRows)), grouped(static_cast<std::int64_t>(total)),
      option);
}

std::string minute_cell(std::int64_t time) {
  return fmt::format("<time class=\"when\" datetime=\"{}\">{}</time>", iso_time(time),
                     minute_text(time).substr(0, 16));
}

enum class Classes { findings, others, all };

std::string class_table(const HtmlTable& table, const std::vector<SiteReport::ClassCount>& results,
                        Classes wanted,
                        std::string_view (*meaning)(ReadClass) = read_class_meaning) {
  std::string rows;
  for (const SiteReport::ClassCount& row : results) {
    const bool finding = is_finding(row.read_class);
    if (wanted != Classes::all && finding != (wanted == Classes::findings))
      continue;
    rows += html_table_row(
        table, {fmt::format("<span class=\"{}\">{}</span>", finding ? "tag bad" : "nowrap",
                            read_class_text(row.read_class)),
                grouped(row.images), bytes_text(row.bytes), html_escaped(meaning(row.read_class))});
  }
  return rows.empty() ? rows : html_table_head(table) + rows + html_table_end();
}

std::string scheme_rows(const HtmlTable& table, const std::vector<Summary::SchemeCount>& counts) {
  std::string rows;
  for (const Summary::SchemeCount& row : counts)
    rows += html_table_row(
        table, {fmt::format("<span class=\"nowrap\">{}</span>", signature_scheme_text(row.scheme)),
                grouped(row.images), html_escaped(signature_scheme_meaning(row.scheme))});
  return rows;
}

std::string owner_table(const SiteReport& report, const Summary& summary) {
  std::string out = html_table_head(kOwnerTable);
  for (std::size_t i = 0; i < std::min(summary.owners.size(), kMaxRows); ++i) {
    const Summary::Owner& owner = summary.owners[i];
    out += html_table_row(kOwnerTable,
                          {html_text(owner.owner, "no owner"), grouped(owner.images),
                           grouped(owner.overdue), html_deadline(report, owner.first_deadline)});
  }
  return out + html_table_end() + cap_note(summary.owners.size(), "--json");
}

std::string findings_table(const HtmlTable& table,
                           const std::vector<SiteReport::Result>& findings) {
  std::string out = html_table_head(table);
  for (std::size_t i = 0; i < std::min(findings.size(), kMaxRows); ++i) {
    const SiteReport::Result& result = findings[i];
    out += html_table_row(
        table,
        {html_image(result.name, result.image_id),
         fmt::format("<span class=\"tag bad\">{}</span><span class=\"reason\">{}</span>",
                     read_class_text(result.read_class),
                     html_text(result.reason, "no reason given", 500)),
         html_owner(result.owner), bytes_text(result.size), minute_cell(result.finished_at)});
  }
  return out + html_table_end() + cap_note(findings.size(), "--csv=findings");
}

// The table of those that are wanted; empty if there are none.
template <typename Wanted, typename Cells>
std::string signatures_table(const HtmlTable& table, const SiteReport& report, const Wanted& wanted,
                             const Cells& cells) {
  std::size_t total = 0;
  std::string rows;
  for (const SiteReport::Signature& signature : report.signatures)
    if (wanted(signature) && ++total <= kMaxRows)
      rows += html_table_row(table, cells(signature));
  return total == 0 ? rows
                    : html_table_head(table) + rows + html_table_end() + cap_note(total, "--csv");
}

std::string verdicts_table(const SiteReport& report) {
  const auto cells = [](const SiteReport::Signature& signature) {
    std::string verdict =
        fmt::format("<span class=\"tag bad\">{}</span>", signature_finding_text(signature));
    if (const std::string reasons = reasons_text(signature); !reasons.empty())
      verdict += fmt::format("<span class=\"reason\">{}</span>", html_text(reasons, "", 500));
    return std::vector<std::string>{
        html_image(signature.name, signature.image_id), verdict, html_owner(signature.owner),
        signature.verified_at ? minute_cell(*signature.verified_at) : std::string()};
  };
  return signatures_table(kVerdictTable, report, has_signature_finding, cells);
}

std::string scheme_cell(const SiteReport::Signature& signature) {
  std::string out = html_escaped(signature_scheme_text(signature.scheme));
  if (!signature.missing.empty())
    out += fmt::format("<span class=\"soft below\">without {}</span>",
                       html_text(join(signature.missing, ", ")));
  const auto add_verdict = [&](std::string_view of,
                               const std::optional<SignatureVerdict>& verdict) {
    if (verdict)
      out += fmt::format("<span class=\"soft below\">{}: {}</span>", of,
                         html_escaped(signature_verdict_text(*verdict)));
  };
  add_verdict("over the MD5", signature.legacy_verdict);
  add_verdict("img_signature", signature.verdict);
  return out;
}

std::string status_cell(const SiteReport::Signature& signature) {
  std::string out = html_text(signature.status, "no status", 40);
  const auto tag = [&](bool wanted, std::string_view text) {
    if (wanted)
      out += fmt::format(" <span class=\"tag\">{}</span>", text);
  };
  tag(signature.deleted && signature.status != "deleted", "deleted");
  tag(signature.hidden, "hidden");
  tag(signature.snapshot, "snapshot");
  return out;
}

}  // namespace

std::string coverage_section(const Summary& summary) {
  std::string out = section_start("coverage", "Coverage");
  if (summary.images == 0)
    return out + empty_note("There is no live image to cover.") + "</section>\n";
  out += "<p>Active and deactivated images by the algorithm of their hash.</p>\n";
  out += coverage_bars(summary);
  out += html_table_head(kCoverageTable);
  for (std::size_t i = 0; i < summary.coverage.size(); ++i) {
    const SiteReport::Coverage& row = summary.coverage[i];
    out += html_table_row(kCoverageTable,
                          {coverage_swatch(summary, i) + html_text(row.algorithm, "no hash", 60),
                           grouped(row.images), percent_text(row.images, summary.images),
                           bytes_text(row.bytes), percent_text(row.bytes, summary.bytes)});
  }
  return out + html_table_end() + "</section>\n";
}

std::string results_section(const SiteReport& report) {
  std::string out = section_start("results", "What was read");
  if (report.results.empty() && report.verify_results.empty())
    return out +
           "<p class=\"empty\">No image has been read yet. <code>backglance migrate</code> queues "
           "them, <code>backglance backfill</code> reads each of them once.</p>\n</section>\n";
  out += "<p>What became of each image that was taken to be read.</p>\n";
  const std::string findings = class_table(kLookTable, report.results, Classes::findings);
  if (!findings.empty())
    out += "<h3>To look at</h3>\n" + findings;
  const std::string others = class_table(kSettledTable, report.results, Classes::others);
  if (!others.empty())
    out += (findings.empty() ? "" : "<h3>Settled</h3>\n") + others;
  if (!report.verify_results.empty())
    out += "<h3>Read again by verify</h3>\n" +
           class_table(kVerifyTable, report.verify_results, Classes::all, verify_class_meaning);
  return out + "</section>\n";
}

std::string signatures_section(const SiteReport& report, const Summary& summary) {
  std::string out = section_start("signatures", "Deprecated signatures");
  if (summary.deprecated == 0) {
    out += empty_note("No live image carries a signature over MD5.");
  } else {
    out +=
        "<p>Liberty signed the MD5 of an image. No Glance since Newton looks at such a signature, "
        "so it protects nothing; it is removed when the image's grace period has ended.</p>\n";
    const std::string chart = deadline_chart(report);
    if (!chart.empty())
      out += "<h3>End of the grace period</h3>\n<figure>" + chart + "</figure>\n";
    out += "<h3>By owner</h3>\n" + owner_table(report, summary);
    out += "<h3>By scheme</h3>\n" + html_table_head(kSchemeTable) +
           scheme_rows(kSchemeTable, summary.deprecated_schemes) + html_table_end();
  }
  if (summary.deprecated_deleted > 0)
    out += fmt::format("<p class=\"note\">Not counted here: {} with such a signature.</p>\n",
                       counted(summary.deprecated_deleted, "deleted image"));
  if (!summary.other_schemes.empty() || summary.removed > 0) {
    out += "<h3>Other signature properties</h3>\n" + html_table_head(kOtherTable) +
           scheme_rows(kOtherTable, summary.other_schemes);
    if (summary.removed > 0)
      out += html_table_row(kOtherTable,
                            {"removed", grouped(summary.removed),
                             "Their grace period had ended. <code>backglance contract --revert"
                             "</code> puts the properties back."});
    out += html_table_end();
  }
  return out + "</section>\n";
}

std::string findings_section(const SiteReport& report, const Summary& summary) {
  if (summary.images_with_findings == 0)
    return {};
  std::string out = section_start("findings", "Findings by image", "list");
  if (!report.findings.empty())
    out += findings_table(kFindingTable, report.findings);
  if (!report.verify_findings.empty())
    out +=
        "<h3>Found by verify</h3>\n" + findings_table(kVerifyFindingTable, report.verify_findings);
  if (!summary.signature_findings.empty())
    out += fmt::format("<h3>Signatures over the data to look at</h3>\n<p>{}</p>\n",
                       html_escaped(kSignatureFindingsMeaning)) +
           verdicts_table(report);
  return out + "</section>\n";
}

std::string signature_list_section(const SiteReport& report) {
  const auto cells = [&](const SiteReport::Signature& signature) {
    return std::vector<std::string>{html_image(signature.name, signature.image_id),
                                    html_owner(signature.owner),
                                    status_cell(signature),
                                    scheme_cell(signature),
                                    html_date(signature.flagged_at),
                                    html_deadline(report, signature.deadline_at)};
  };
  const std::string table = signatures_table(kSignatureTable, report, is_outstanding, cells);
  return table.empty() ? table
                       : section_start("images", "Images with deprecated signatures", "list") +
                             table + "</section>\n";
}

std::string runs_section(const SiteReport& report) {
  std::string out = section_start("runs", "Recent runs");
  if (report.runs.empty())
    return out + empty_note("There was no run yet.") + "</section>\n";
  out += html_table_head(kRunTable);
  for (const SiteReport::Run& run : report.runs)
    out += html_table_row(
        kRunTable,
        {minute_cell(run.started_at), html_text(run.command),
         html_text(run.outcome, "not finished", 60), grouped(run.images), bytes_text(run.bytes),
         duration_text(run.started_at, run.finished_at), html_text(run.host)});
  return out + html_table_end() + "</section>\n";
}

std::string html_sections_style() {
  std::string out;
  for (const HtmlTable& table : kTables)
    out += html_table_style(table);
  return out;
}

}  // namespace backglance
