// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/text_table.h"
#include "report/utf8.h"
#include "report/wording.h"

namespace backglance {
namespace {

using Align = TextTable::Align;
using Fit = TextTable::Fit;

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string head_text(const SiteReport& report, const Summary& summary, int columns) {
  std::string out = "backglance report\n";
  const auto line = [&](std::string_view label, const std::string& value) {
    // Broken behind the label, so that a long database URL stays whole.
    const std::string text = wrapped(value, columns, 13);
    out += fmt::format("  {:<11}{}", label, text.substr(13));
  };
  line("database", shown(report.database, 500));
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
  TextTable table({{"ALGORITHM", Align::left, Fit::elastic},
                   {"IMAGES", Align::right},
                   {"SHARE", Align::right},
                   {"BYTES", Align::right},
                   {"SHARE", Align::right}});
  for (const SiteReport::Coverage& row : summary.coverage)
    table.add({row.algorithm.empty() ? "no hash" : shown(row.algorithm), grouped(row.images),
               percent_text(row.images, summary.images), bytes_text(row.bytes),
               percent_text(row.bytes, summary.bytes)});
  return "\nCoverage of live images\n" + table.render(columns);
}

std::string results_text(std::string_view title, const std::vector<SiteReport::ClassCount>& results,
                         int columns) {
  if (results.empty())
    return {};
  TextTable table({{"CLASS", Align::left},
                   {"IMAGES", Align::right},
                   {"BYTES", Align::right},
                   {"", Align::left}});
  for (const SiteReport::ClassCount& row : results)
    table.add({std::string(read_class_text(row.read_class)), grouped(row.images),
               bytes_text(row.bytes), is_finding(row.read_class) ? "to look at" : ""});
  return fmt::format("\n{}\n{}", title, table.render(columns));
}

// One table for each class, under what a person does about it. `findings` are sorted by class.
std::string findings_text(std::string_view title, const std::vector<SiteReport::Result>& findings,
                          std::string_view (*meaning)(ReadClass), int columns) {
  std::string out;
  for (auto begin = findings.begin(); begin != findings.end();) {
    const auto end = std::find_if(begin, findings.end(), [&](const SiteReport::Result& result) {
      return result.read_class != begin->read_class;
    });
    TextTable table({{"IMAGE", Align::left},
                     {"SIZE", Align::right},
                     {"NAME", Align::left, Fit::elastic},
                     {"OWNER", Align::left, Fit::detail},
                     {"READ", Align::left, Fit::detail},
                     {"REASON", Align::left, Fit::detail}});
    for (auto at = begin; at != end; ++at)
      table.add({shown(at->image_id), bytes_text(at->size), or_dash(shown(at->name)),
                 shown(at->owner), minute_text(at->finished_at), shown(at->reason, 500)});
    out += fmt::format("\n{}: {}, {}\n", title, read_class_text(begin->read_class),
                       counted(std::distance(begin, end), "image"));
    out += wrapped(std::string(meaning(begin->read_class)), columns, 2);
    out += table.render(columns);
    begin = end;
  }
  return out;
}

std::string signature_findings_text(const SiteReport& report, const Summary& summary, int columns) {
  if (summary.signature_findings.empty())
    return {};
  TextTable table({{"IMAGE", Align::left},
                   {"IMG_SIGNATURE", Align::left},
                   {"NAME", Align::left, Fit::elastic},
                   {"OWNER", Align::left, Fit::detail},
                   {"VERIFIED", Align::left, Fit::detail},
                   {"REASON", Align::left, Fit::detail}});
  std::int64_t images = 0;
  for (const SiteReport::Signature& signature : report.signatures) {
    if (!has_signature_finding(signature))
      continue;
    ++images;
    table.add({shown(signature.image_id), signature_finding_text(signature),
               or_dash(shown(signature.name)), shown(signature.owner),
               signature.verified_at ? minute_text(*signature.verified_at) : "-",
               shown(reasons_text(signature), 500)});
  }
  return fmt::format("\nSignatures over the data to look at: {}\n{}", counted(images, "image"),
                     wrapped(std::string(kSignatureFindingsMeaning), columns, 2)) +
         table.render(columns);
}

std::string status_text(const SiteReport::Signature& signature) {
  std::vector<std::string> words = {or_dash(shown(signature.status))};
  if (signature.deleted && signature.status != "deleted")
    words.emplace_back("deleted");
  if (signature.hidden)
    words.emplace_back("hidden");
  if (signature.snapshot)
    words.emplace_back("snapshot");
  return join(words, ", ");
}

// "legacy complete (valid)"
std::string scheme_text(const SiteReport::Signature& signature) {
  std::string text(signature_scheme_text(signature.scheme));
  if (signature.legacy_verdict)
    text += fmt::format(" ({})", signature_verdict_text(*signature.legacy_verdict));
  return text;
}

std::string deadline_text(const SiteReport& report, const SiteReport::Signature& signature) {
  if (!signature.deadline_at)
    return "-";
  return date_text(*signature.deadline_at) + (is_overdue(report, signature) ? " passed" : "");
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
  TextTable table({{"IMAGE", Align::left},
                   {"DEADLINE", Align::left},
                   {"SCHEME", Align::left},
                   {"NAME", Align::left, Fit::elastic},
                   {"STATUS", Align::left, Fit::detail},
                   {"OWNER", Align::left, Fit::detail},
                   {"FLAGGED", Align::left, Fit::detail},
                   {"MISSING", Align::left, Fit::detail}});
  for (const SiteReport::Signature& signature : report.signatures) {
    if (!is_outstanding(signature))
      continue;
    table.add({shown(signature.image_id), deadline_text(report, signature), scheme_text(signature),
               or_dash(shown(signature.name)), status_text(signature), shown(signature.owner),
               date_text(signature.flagged_at), shown(join(signature.missing, ", "))});
  }
  return "\n" + wrapped("Deprecated signatures: " + signature_heading(summary), columns, 0) +
         table.render(columns);
}

std::string other_signatures_text(const Summary& summary, int columns) {
  if (summary.other_schemes.empty() && summary.removed == 0)
    return {};
  TextTable table({{"SCHEME", Align::left}, {"IMAGES", Align::right}});
  for (const Summary::SchemeCount& row : summary.other_schemes)
    table.add({std::string(signature_scheme_text(row.scheme)), grouped(row.images)});
  if (summary.removed > 0)
    table.add({"removed by contract", grouped(summary.removed)});
  return "\nOther images with signature properties\n" + table.render(columns);
}

std::string runs_text(const SiteReport& report, int columns) {
  if (report.runs.empty())
    return {};
  TextTable table({{"STARTED", Align::left},
                   {"COMMAND", Align::left, Fit::elastic},
                   {"OUTCOME", Align::left},
                   {"IMAGES", Align::right},
                   {"BYTES", Align::right},
                   {"TIME", Align::right},
                   {"HOST", Align::left, Fit::detail}});
  for (const SiteReport::Run& run : report.runs)
    table.add({minute_text(run.started_at), shown(run.command),
               run.outcome.empty() ? "not finished" : shown(run.outcome), grouped(run.images),
               bytes_text(run.bytes), duration_text(run.started_at, run.finished_at),
               shown(run.host)});
  return "\nRecent runs\n" + table.render(columns);
}

}  // namespace

std::string render_text(const SiteReport& report, int columns) {
  if (columns > 0)
    columns = std::max(columns, 40);
  const Summary summary = summarize(report);
  std::string out = head_text(report, summary, columns);
  out += coverage_text(summary, columns);
  out += report.results.empty() ? std::string("\nResults of the backfill: none yet\n")
                                : results_text("Results of the backfill", report.results, columns);
  out += results_text("Results of verify", report.verify_results, columns);
  out += findings_text("Backfill", report.findings, read_class_meaning, columns);
  out += findings_text("Verify", report.verify_findings, verify_class_meaning, columns);
  out += signature_findings_text(report, summary, columns);
  out += signatures_text(report, summary, columns);
  out += other_signatures_text(summary, columns);
  out += runs_text(report, columns);
  return out;
}

}  // namespace backglance
