// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/charts.h"
#include "report/html.h"
#include "report/html_sections.h"
#include "report/render.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Takes both words whole: "has" and "have" follow no rule.
Html plural(std::int64_t number, const Html& one, const Html& many) {
  return number == 1 ? one : many;
}

Html number_of(std::int64_t number) {
  return html_escaped(grouped(number));
}

Html number_of(std::size_t number) {
  return number_of(static_cast<std::int64_t>(number));
}

Html coverage_sentence(const Summary& summary) {
  if (summary.images == 0)
    return "This site has no live images.";
  const Html images =
      html_strong(summary.images) + " live " + plural(summary.images, "image", "images");
  if (summary.images_with_hash == 0)
    return "None of " + images + " has a hash yet.";
  return html_strong(summary.images_with_hash) + " of " + images + " " +
         plural(summary.images_with_hash, "has", "have") + " a hash.";
}

Html signature_sentence(const Summary& summary) {
  if (summary.deprecated == 0)
    return summary.images == 0 ? Html() : Html("No live image has a deprecated signature.");
  const auto owners = static_cast<std::int64_t>(summary.owners.size());
  Html out = html_strong(summary.deprecated) + plural(summary.deprecated, " image", " images") +
             " of " + html_strong(owners) + plural(owners, " owner", " owners") +
             plural(summary.deprecated, " has", " have") +
             " a deprecated signature over the MD5, which no Glance since Newton verifies.";
  if (summary.overdue > 0)
    out += " The grace period of " + html_strong(summary.overdue) +
           plural(summary.overdue, " image", " images") + " has ended.";
  else if (summary.next_deadline)
    out += " The first grace period ends on " +
           html_in("strong", html_escaped(date_text(*summary.next_deadline))) + ".";
  return out;
}

// The report in a few sentences.
Html lede(const SiteReport& report, const Summary& summary) {
  Html out = coverage_sentence(summary);
  if (report.queued_images > 0)
    out += " " + html_strong(report.queued_images) +
           plural(report.queued_images, " image is", " images are") + " queued to be read.";
  if (summary.images_with_findings > 0)
    out += " " + html_strong(summary.images_with_findings) +
           plural(summary.images_with_findings, " image has", " images have") +
           " findings that a person must look at.";
  return out + " " + signature_sentence(summary);
}

Html card(const Html& style_class, const Html& title, const Html& content) {
  return html_part("card", {{"class", style_class}, {"title", title}, {"content", content}});
}

Html facts_list(const Html& facts) {
  return html_part("facts", {{"facts", facts}});
}

Html big_number(std::int64_t images) {
  return html_part("big",
                   {{"number", number_of(images)}, {"unit", plural(images, "image", "images")}});
}

// Rows of the coverage in its card; the section below has all.
constexpr std::size_t kCardAlgorithms = 3;

Html coverage_card(const SiteReport& report, const Summary& summary) {
  const auto part = [&](const std::string& with_hash, const std::string& total) {
    return html_part("coverage-part",
                     {{"with_hash", html_escaped(with_hash)}, {"total", html_escaped(total)}});
  };
  Html facts;
  for (std::size_t i = 0; i < summary.coverage.size(); ++i) {
    const SiteReport::Coverage& row = summary.coverage[i];
    // Images without a hash always: they are what is left to do.
    if (i < kCardAlgorithms || row.algorithm.empty())
      facts += html_fact(coverage_swatch(summary, i) + html_text(row.algorithm, "no hash", 40),
                         number_of(row.images));
  }
  if (report.queued_images > 0)
    facts += html_fact("queued to be read", number_of(report.queued_images));
  return card(
      {}, "Images with a hash",
      html_part(
          "coverage-card",
          {{"ring", coverage_ring(summary)},
           {"images", part(grouped(summary.images_with_hash), counted(summary.images, "image"))},
           {"bytes", part(bytes_text(summary.bytes_with_hash), bytes_text(summary.bytes))},
           {"facts", facts.empty() ? facts : facts_list(facts)}}));
}

// Findings of backfill, of verify and on signatures, by result. An image with several findings
// counts once in the figure above them.
Html findings_card(const SiteReport& report, const Summary& summary) {
  const Html number = big_number(summary.images_with_findings);
  if (summary.images_with_findings == 0) {
    // No findings before the first read is no good news.
    const bool unread = report.results.empty() && report.verify_results.empty();
    return card({}, "Findings",
                number + html_in("paragraph-inline",
                                 unread ? Html("No image has been read yet.")
                                        : Html("All data that was read agrees with what Glance "
                                               "knows.")));
  }
  Html facts;
  for (const auto* list : {&report.results, &report.verify_results})
    for (const SiteReport::ClassCount& row : *list)
      if (is_finding(row.result))
        facts +=
            html_fact(html_escaped(result_text(row.result)) +
                          (list == &report.verify_results ? Html(" (found by verify)") : Html()),
                      number_of(row.images));
  for (const Summary::SignatureFindingCount& row : summary.signature_findings)
    facts += html_fact("img_signature: " + html_escaped(row.text), number_of(row.images));
  return card(" bad", "Findings", number + facts_list(facts));
}

// Owners in the card of signatures.
constexpr std::size_t kCardOwners = 3;

Html signatures_card(const SiteReport& report, const Summary& summary) {
  const Html number = big_number(summary.deprecated);
  if (summary.deprecated == 0)
    return card({}, "Deprecated signatures",
                number + html_in("paragraph-inline", "No live image has one."));
  Html facts;
  if (summary.overdue > 0)
    facts += html_fact("past their deadline", number_of(summary.overdue));
  if (summary.next_deadline) {
    facts += html_fact("next deadline", html_escaped(date_text(*summary.next_deadline)));
    facts += html_fact("due", html_escaped(days_from(report.made_at, *summary.next_deadline)));
  }
  // The first owners; the table below has all.
  facts += html_fact("owners", number_of(summary.owners.size()));
  for (std::size_t i = 0; i < std::min(summary.owners.size(), kCardOwners); ++i)
    facts +=
        html_fact(html_part("who", {{"owner", html_text(summary.owners[i].owner, "no owner", 40)}}),
                  number_of(summary.owners[i].images));
  if (summary.owners.size() > kCardOwners)
    facts += html_fact(html_part("link", {{"target", "#signatures"}, {"text", "other owners"}}),
                       number_of(summary.owners.size() - kCardOwners));
  return card(" warn", "Deprecated signatures", number + facts_list(facts));
}

// Sections without content are left out of the page, so it is asked which there are.
Html navigation(const Html& body) {
  struct Entry {
    std::string_view id;
    std::string_view text;
  };
  constexpr std::array kEntries = {Entry{"coverage", "Coverage"},
                                   Entry{"results", "Results"},
                                   Entry{"signatures", "Deprecated signatures"},
                                   Entry{"findings", "Findings by image"},
                                   Entry{"images", "Images with deprecated signatures"},
                                   Entry{"runs", "Recent runs"}};
  Html entries;
  for (const Entry& entry : kEntries)
    if (body.text().find(fmt::format("<h2 id=\"{}\">", entry.id)) != std::string::npos)
      entries += html_part("navigation-entry",
                           {{"id", html_escaped(entry.id)}, {"text", html_escaped(entry.text)}});
  return html_part("navigation", {{"entries", entries}});
}

}  // namespace

std::string render_html(const SiteReport& report) {
  const Summary summary = summarize(report);
  // First the sections: the navigation needs to know them.
  const Html body = coverage_section(report, summary) + results_section(report) +
                    signatures_section(report, summary) + findings_section(report, summary) +
                    signature_list_section(report) + runs_section(report);
  const Html page = html_part(
      "report", {{"head", html_head("Glance image report, " + date_text(report.made_at),
                                    html_sections_style(), html_part("report-mark"))},
                 {"patterns", chart_patterns()},
                 {"made", html_made(report)},
                 {"database", html_text(report.database, "no database", 500)},
                 {"lede", lede(report, summary)},
                 {"navigation", navigation(body)},
                 {"cards", coverage_card(report, summary) + findings_card(report, summary) +
                               signatures_card(report, summary)},
                 {"body", body},
                 {"version", html_text(report.version, "of unknown version")}});
  return page.text();
}

bool is_report_page(std::string_view head) {
  // The parts "report-mark" and "owners-mark" of report/page/ begin so.
  constexpr std::string_view kMark = R"(<meta name="generator" content="backglance report)";
  return head.find(kMark) != std::string_view::npos;
}

}  // namespace backglance
