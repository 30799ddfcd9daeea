// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/html.h"
#include "report/render.h"
#include "report/wording.h"

namespace backglance {
namespace {

std::string_view plural(std::int64_t number, std::string_view one, std::string_view many) {
  return number == 1 ? one : many;
}

std::string coverage_sentence(const Summary& summary) {
  if (summary.images == 0)
    return "This site has no live images.";
  const std::string images = fmt::format("{} live {}", html_strong(summary.images),
                                         plural(summary.images, "image", "images"));
  if (summary.images_with_hash == 0)
    return fmt::format("None of {} has a hash yet.", images);
  return fmt::format("{} of {} {} a hash.", html_strong(summary.images_with_hash), images,
                     plural(summary.images_with_hash, "has", "have"));
}

std::string signature_sentence(const Summary& summary) {
  if (summary.deprecated == 0)
    return summary.images == 0 ? "" : "No live image carries a deprecated signature.";
  const auto owners = static_cast<std::int64_t>(summary.owners.size());
  std::string out =
      fmt::format("{} of {} {} still {} a signature over MD5, which nothing verifies any more",
                  html_strong(summary.deprecated) +
                      std::string(plural(summary.deprecated, " image", " images")),
                  html_strong(owners), plural(owners, "owner", "owners"),
                  plural(summary.deprecated, "carries", "carry"));
  if (summary.overdue > 0)
    out += fmt::format("; for {} of them the grace period has ended", html_strong(summary.overdue));
  else if (summary.next_deadline)
    out += fmt::format("; the first grace period ends on <strong>{}</strong>",
                       date_text(*summary.next_deadline));
  return out + ".";
}

// The report in a few sentences.
std::string lede(const SiteReport& report, const Summary& summary) {
  std::string out = coverage_sentence(summary);
  if (report.queued_images > 0)
    out += fmt::format(" {} {} still to be read.", html_strong(report.queued_images),
                       plural(report.queued_images, "image is", "images are"));
  if (summary.images_with_findings > 0)
    out += fmt::format(" {} {} a person to look.", html_strong(summary.images_with_findings),
                       plural(summary.images_with_findings, "image needs", "images need"));
  return out + " " + signature_sentence(summary);
}

// Of the coverage in its card; the section below has all.
constexpr std::size_t kCardAlgorithms = 3;

std::string coverage_card(const SiteReport& report, const Summary& summary) {
  std::string out = "<div class=\"card\"><h2>Images with a hash</h2>\n<div class=\"figure\">";
  out += coverage_ring(summary);
  const auto part = [&](const std::string& with_hash, const std::string& total) {
    out += fmt::format(
        "<p><strong class=\"nowrap\">{}</strong> <span class=\"nowrap\">of {}</span></p>",
        with_hash, total);
  };
  out += "<div>";
  part(grouped(summary.images_with_hash), counted(summary.images, "image"));
  part(bytes_text(summary.bytes_with_hash), bytes_text(summary.bytes));
  out += "</div></div>\n";
  std::string facts;
  for (std::size_t i = 0; i < summary.coverage.size(); ++i) {
    const SiteReport::Coverage& row = summary.coverage[i];
    if (i < kCardAlgorithms || row.algorithm.empty())
      facts += html_fact(coverage_swatch(summary, i) + html_text(row.algorithm, "no hash", 40),
                         grouped(row.images));
  }
  if (report.queued_images > 0)
    facts += html_fact("still to be read", grouped(report.queued_images));
  if (!facts.empty())
    out += "<ul class=\"facts\">\n" + facts + "</ul>";
  return out + "</div>\n";
}

// Findings of backfill, of verify and of signatures by class; an image that both met counts once in
// the figure above them.
std::string findings_card(const SiteReport& report, const Summary& summary) {
  const bool any = summary.images_with_findings > 0;
  std::string out = fmt::format(
      "<div class=\"card{}\"><h2>To look at</h2>\n<p class=\"big\">{} <small>{}</small></p>\n",
      any ? " bad" : "", grouped(summary.images_with_findings),
      summary.images_with_findings == 1 ? "image" : "images");
  if (!any)
    return out + fmt::format("<p>{}</p></div>\n",
                             report.results.empty() && report.verify_results.empty()
                                 ? "No image has been read yet."
                                 : "Everything that was read agrees with what Glance knows.");
  out += "<ul class=\"facts\">\n";
  for (const auto* list : {&report.results, &report.verify_results})
    for (const SiteReport::ClassCount& row : *list)
      if (is_finding(row.read_class))
        out += html_fact(fmt::format("{}{}", read_class_text(row.read_class),
                                     list == &report.verify_results ? " (verify)" : ""),
                         grouped(row.images));
  for (const Summary::SignatureFindingCount& row : summary.signature_findings)
    out += html_fact("img_signature: " + row.text, grouped(row.images));
  return out + "</ul></div>\n";
}

// Of the owners in their card.
constexpr std::size_t kCardOwners = 3;

std::string signatures_card(const SiteReport& report, const Summary& summary) {
  const bool any = summary.deprecated > 0;
  std::string out = fmt::format(
      "<div class=\"card{}\"><h2>Deprecated signatures</h2>\n"
      "<p class=\"big\">{} <small>{}</small></p>\n",
      any ? " warn" : "", grouped(summary.deprecated),
      summary.deprecated == 1 ? "image" : "images");
  if (!any)
    return out + "<p>No live image carries one.</p></div>\n";
  out += "<ul class=\"facts\">\n";
  if (summary.overdue > 0)
    out += html_fact("past their deadline", grouped(summary.overdue));
  if (summary.next_deadline) {
    out += html_fact("next deadline", date_text(*summary.next_deadline));
    out += html_fact("which is", days_from(report.made_at, *summary.next_deadline));
  }
  // Whose they are; the table below has the others.
  out += html_fact("owners", grouped(static_cast<std::int64_t>(summary.owners.size())));
  for (std::size_t i = 0; i < std::min(summary.owners.size(), kCardOwners); ++i)
    out += html_fact(
        "<span class=\"who\">" + html_text(summary.owners[i].owner, "no owner", 40) + "</span>",
        grouped(summary.owners[i].images));
  if (summary.owners.size() > kCardOwners)
    out += html_fact("<a href=\"#signatures\">other owners</a>",
                     grouped(static_cast<std::int64_t>(summary.owners.size() - kCardOwners)));
  return out + "</ul></div>\n";
}

std::string navigation(const std::string& body) {
  struct Entry {
    std::string_view id;
    std::string_view text;
  };
  constexpr std::array kEntries = {Entry{"coverage", "Coverage"},
                                   Entry{"results", "What was read"},
                                   Entry{"signatures", "Deprecated signatures"},
                                   Entry{"findings", "Findings by image"},
                                   Entry{"images", "Images with deprecated signatures"},
                                   Entry{"runs", "Recent runs"}};
  std::string out = "<nav aria-label=\"Sections\"><ul>\n";
  for (const Entry& entry : kEntries)
    if (body.find(fmt::format("<h2 id=\"{}\">", entry.id)) != std::string::npos)
      out += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", entry.id, entry.text);
  return out + "</ul></nav>\n";
}

}  // namespace

std::string render_html(const SiteReport& report) {
  const Summary summary = summarize(report);
  const std::string body = coverage_section(summary) + results_section(report) +
                           signatures_section(report, summary) + findings_section(report, summary) +
                           signature_list_section(report) + runs_section(report);
  std::string out = html_head(fmt::format("Glance image report, {}", date_text(report.made_at)),
                              html_sections_style()) +
                    "<body>\n" + chart_patterns() + "<div class=\"page\">\n";
  out += fmt::format(
      "<header>\n<h1>Glance image report</h1>\n<p class=\"meta\">"
      "<time datetime=\"{}\">{}</time> &middot; {}</p>\n<p class=\"lede\">{}</p>\n{}"
      "</header>\n<main>\n",
      iso_time(report.made_at), minute_text(report.made_at),
      html_text(report.database, "no database", 500), lede(report, summary), navigation(body));
  out += "<div class=\"cards\">\n" + coverage_card(report, summary) +
         findings_card(report, summary) + signatures_card(report, summary) + "</div>\n" + body;
  out += fmt::format(
      "</main>\n<footer>\n<p>Made by backglance {}. All times are UTC. A hash is the "
      "pair os_hash_algo and os_hash_value of an image; it is given only to data that "
      "agrees with the checksum and the size that Glance had before.</p>\n</footer>\n"
      "</div>\n</body>\n</html>\n",
      html_text(report.version, "of unknown version"));
  return out;
}

}  // namespace backglance
