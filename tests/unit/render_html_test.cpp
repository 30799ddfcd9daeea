// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <limits>
#include <set>
#include <stack>
#include <stdexcept>
#include <string_view>

#include "base/text.h"
#include "report/charts.h"
#include "report/html.h"
#include "report/render.h"
#include "report/render_owners.h"
#include "tests/unit/report_sample.h"

namespace backglance {
namespace {

using Catch::Matchers::Contains;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

// The first name in `page` that breaks the nesting of tags, or an empty string. The style sheet
// holds no tag; elements that HTML never closes are left out.
std::string unbalanced_tag(std::string_view page) {
  const std::set<std::string_view> never_closed = {"!doctype", "meta", "link"};
  std::stack<std::string_view> open;
  for (auto at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1)) {
    const auto end = page.find('>', at);
    if (end == std::string_view::npos)
      return "<";
    const std::string_view tag = page.substr(at + 1, end - at - 1);
    const std::string_view name = tag.substr(0, tag.find_first_of(" />", 1));
    if (tag.ends_with('/') || never_closed.contains(name))
      continue;
    if (!tag.starts_with('/')) {
      open.push(name);
      continue;
    }
    if (open.empty() || open.top() != name.substr(1))
      return std::string(name);
    open.pop();
  }
  return open.empty() ? "" : std::string(open.top());
}

// The values of an attribute over the page.
std::vector<std::string> attributes(std::string_view page, const std::string& name) {
  std::vector<std::string> out;
  const std::string start = " " + name + "=\"";
  for (auto at = page.find(start); at != std::string_view::npos; at = page.find(start, at + 1)) {
    const auto begin = at + start.size();
    out.emplace_back(page.substr(begin, page.find('"', begin) - begin));
  }
  return out;
}

std::string chart_description(const SiteReport& report) {
  const std::string chart = deadline_chart(report).text();
  const auto begin = chart.find("<desc id=\"dl-d\">") + 16;
  return chart.substr(begin, chart.find("</desc>") - begin);
}

SiteReport with_deadlines(const std::vector<std::int64_t>& days) {
  SiteReport report = report_sample();
  const SiteReport::Signature one = report.signatures[0];
  report.signatures.clear();
  for (const std::int64_t day : days) {
    report.signatures.push_back(one);
    report.signatures.back().deadline_at = kSampleTime + day * kSampleDay;
  }
  return report;
}

}  // namespace

TEST_CASE("no name can add markup to the page") {
  SiteReport report = report_sample();
  const std::string nasty = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;";
  report.database = report.version = nasty;
  report.coverage[0].algorithm = nasty;
  for (auto& signature : report.signatures)
    signature.image_id = signature.name = signature.owner = signature.status = nasty;
  for (auto& signature : report.signatures)
    signature.missing = signature.present = {nasty};
  report.signatures[5].verdict = SignatureVerdict::invalid;
  report.signatures[5].verdict_reason = nasty;
  for (auto& finding : report.findings)
    finding.image_id = finding.name = finding.owner = finding.reason = nasty;
  for (auto& run : report.runs)
    run.command = run.host = run.outcome = nasty;
  const std::string page = render_html(report);
  CHECK_THAT(page, !Contains("<script"));
  CHECK_THAT(page, !Contains("<img"));
  CHECK_THAT(page, Contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK_THAT(page, Contains("&amp;lt;"));
  CHECK(unbalanced_tag(page).empty());
}

TEST_CASE("what is filled into a part of a page is never searched for words") {
  CHECK(html_in("strong", html_escaped("{{text}} {{other}}")).text() ==
        "<strong>{{text}} {{other}}</strong>");
  SiteReport report = report_sample();
  report.signatures[0].name = "{{head}}";
  CHECK_THAT(render_html(report), Contains("<bdi>{{head}}</bdi>"));
}

TEST_CASE("a part of a page with a word too much or too little is a defect") {
  CHECK_THROWS_AS(html_part("no such part"), std::logic_error);
  CHECK_THROWS_AS(html_part("strong"), std::logic_error);
  CHECK_THROWS_AS(html_part("strong", {{"text", "1"}, {"more", "2"}}), std::logic_error);
  CHECK_THROWS_AS(html_part("strong", {{"other", "1"}}), std::logic_error);
}

TEST_CASE("the comments of the page's sources stay out of the page") {
  const SiteReport report = report_sample();
  for (const std::string& page :
       {render_html(report), render_owner_html(report, owner_pages(report)[0]),
        render_owners_index_html(report, owner_pages(report))}) {
    CHECK_THAT(page, !Contains("SPDX") && !Contains("<!--") && !Contains("/*"));
    CHECK_THAT(page, !Contains("{{") && Contains("<style>\n:root {"));
  }
}

TEST_CASE("the pages for owners are known by their mark") {
  const SiteReport report = report_sample();
  CHECK_THAT(render_owner_html(report, owner_pages(report)[0]), Contains(std::string(kOwnersMark)));
  CHECK_THAT(render_html(report), !Contains(std::string(kOwnersMark)));
}

TEST_CASE("the page needs no network and no script") {
  const std::string page = render_html(report_sample());
  CHECK_THAT(page, Contains("default-src 'none'"));
  CHECK(count_of(page, "http") == count_of(page, "http-equiv"));
  CHECK_THAT(page, !Contains("@import"));
  for (const std::string& target : attributes(page, "href"))
    CHECK((target.starts_with("#") || target == "data:,"));
  CHECK(attributes(page, "src").empty());
}

TEST_CASE("every link and every label of the page leads somewhere") {
  for (const SiteReport& report : {report_sample(), SiteReport{}}) {
    const std::string page = render_html(report);
    const auto list = attributes(page, "id");
    const std::set<std::string> ids(list.begin(), list.end());
    CHECK(ids.size() == list.size());
    for (const std::string& target : attributes(page, "href"))
      if (target.starts_with("#"))
        CHECK(ids.contains(target.substr(1)));
    for (const std::string& labels : attributes(page, "aria-labelledby"))
      for (const std::string& label : split(labels, ' '))
        CHECK(ids.contains(label));
    CHECK(unbalanced_tag(page).empty());
  }
}

TEST_CASE("headings go down one level at a time") {
  const std::string page = render_html(report_sample());
  CHECK(count_of(page, "<h1") == 1);
  char last = '0';
  for (auto at = page.find("<h"); at != std::string::npos; at = page.find("<h", at + 1)) {
    const char level = page[at + 2];
    if (level < '1' || level > '6')
      continue;
    CHECK(level <= last + 1);
    last = level;
  }
  CHECK(last >= '2');
}

TEST_CASE("a name that reorders text is shown as what it is") {
  const std::string page = render_html(report_sample());
  CHECK_THAT(page, Contains("<bdi>invoice\\u202egpj.exe</bdi>"));
  CHECK_THAT(page, !Contains("\u202e"));
}

TEST_CASE("the page says in its first lines how the site stands") {
  const std::string page = render_html(report_sample());
  CHECK_THAT(page, Contains("<strong>51</strong> of <strong>60</strong> live images have a hash."));
  CHECK_THAT(page, Contains("<strong>2</strong> images have findings that a person must look at."));
  CHECK_THAT(page, Contains("<strong>3</strong> images of <strong>2</strong> owners have a "
                            "deprecated signature"));
  CHECK_THAT(page, Contains("The grace period of <strong>1</strong> image has ended."));
}

TEST_CASE("the page says in its first cards whose the deprecated signatures are") {
  SiteReport report = report_sample();
  const auto head = [&] {
    const std::string page = render_html(report);
    return page.substr(0, page.find("<section"));
  };
  CHECK_THAT(head(), Contains("<bdi>owner-1</bdi></span></span><b>2</b>") &&
                         Contains("<bdi>owner-2</bdi></span></span><b>1</b>") &&
                         !Contains("owner-3") && !Contains("other owners"));
  for (int i = 4; i < 8; ++i) {
    report.signatures.push_back(report.signatures[2]);
    report.signatures.back().owner = "owner-" + std::to_string(i);
  }
  CHECK_THAT(head(), Contains("owner-4") && !Contains("owner-5") &&
                         Contains("<a href=\"#signatures\">other owners</a></span><b>3</b>"));
}

TEST_CASE("the page names a signature over the data that does not verify") {
  SiteReport report = report_sample();
  report.findings.clear();
  report.verify_findings.clear();
  CHECK_THAT(render_html(report), !Contains("Findings by image"));
  report.signatures[5].verdict = SignatureVerdict::invalid;
  const std::string page = render_html(report);
  CHECK_THAT(page, Contains("<strong>1</strong> image has findings that a person must look at.") &&
                       Contains("<span>img_signature: invalid</span><b>1</b>") &&
                       Contains("img_signature that does not verify</h3>") &&
                       Contains("<span class=\"tag bad\">invalid</span>"));
}

TEST_CASE("the page names a certificate that is not trusted, whatever its signature is") {
  SiteReport report = report_sample();
  report.signatures[5].verdict = SignatureVerdict::valid;
  report.signatures[5].is_trusted = true;
  CHECK_THAT(render_html(report), !Contains("not trusted"));
  report.signatures[5].is_trusted = false;
  const std::string page = render_html(report);
  CHECK_THAT(page, Contains("<span>img_signature: certificate not trusted</span><b>1</b>") &&
                       Contains("<span class=\"tag bad\">certificate not trusted</span>"));
  report.signatures[5].verdict = SignatureVerdict::invalid;
  CHECK_THAT(render_html(report),
             Contains("<span class=\"tag bad\">invalid; certificate not trusted</span>"));
}

TEST_CASE("a table of the page ends after 2000 rows and says where the rest is") {
  SiteReport report = report_sample();
  report.findings.resize(1);
  report.findings.resize(2500, report.findings[0]);
  report.findings[1999].image_id = "the-last-one";
  report.findings[2000].image_id = "one-too-many";
  const std::string page = render_html(report);
  CHECK_THAT(page, Contains("the-last-one"));
  CHECK_THAT(page, !Contains("one-too-many"));
  CHECK_THAT(page, Contains("This table shows the first 2,000 of 2,500 rows."));
  report.findings.resize(2000);
  CHECK_THAT(render_html(report), !Contains("the first 2,000"));
  report.signatures[5].verdict = SignatureVerdict::invalid;
  report.signatures.resize(2005, report.signatures[5]);
  CHECK_THAT(render_html(report), !Contains("the first 2,000"));
  report.signatures.push_back(report.signatures[5]);
  CHECK_THAT(render_html(report), Contains("This table shows the first 2,000 of 2,001 rows."));
}

TEST_CASE("a site where nothing happened yet gets a page that says so") {
  SiteReport report;
  report.coverage = {{"", 60, 1000}};
  const std::string page = render_html(report);
  CHECK_THAT(page, Contains("None of <strong>60</strong> live images has a hash yet."));
  CHECK_THAT(page, Contains("No image has been read yet."));
  CHECK_THAT(page, Contains("No live image has a signature over the MD5."));
  CHECK_THAT(page, Contains("There was no run yet."));
  CHECK_THAT(page, !Contains("class=\"deadlines\""));
  CHECK_THAT(render_html(SiteReport{}), Contains("This site has no live images."));
}

TEST_CASE("deadlines of the next weeks are charted by week") {
  CHECK(chart_description(with_deadlines({-3, -1, 0, 1, 4, 5})) ==
        "passed: 3 images; week of 2026-03-02: 2 images; week of 2026-03-09: 1 image");
}

TEST_CASE("deadlines of the next year are charted by month and those beyond as later") {
  CHECK(chart_description(with_deadlines({27, 28, 150, 700, 5000, 3'000'000})) ==
        "2026-03: 1 image; 2026-04: 1 image; 2026-08: 1 image; later: 3 images");
}

TEST_CASE("deadlines beyond every calendar do not stop the chart") {
  SiteReport report = with_deadlines({1});
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  report.signatures[0].deadline_at = kMost;
  CHECK(chart_description(report) == "later: 1 image");
  report.made_at = kMost;
  CHECK(chart_description(report) == "passed: 1 image");
  report.made_at = -kMost;
  report.signatures[0].deadline_at = -kMost + 1;
  CHECK_THAT(chart_description(report), Contains("1 image"));
}

TEST_CASE("what is deleted, removed or of the new scheme is in no deadline") {
  SiteReport report = report_sample();
  report.signatures.erase(report.signatures.begin(), report.signatures.begin() + 3);
  CHECK(deadline_chart(report).empty());
}

TEST_CASE("the ring closes only when the whole site is done") {
  Summary summary;
  summary.images = 1'000'000;
  summary.images_with_hash = 999'999;
  CHECK_THAT(coverage_ring(summary).text(), Contains("98.50 100") && Contains(">99 %<"));
  summary.images_with_hash = 1'000'000;
  CHECK_THAT(coverage_ring(summary).text(), Contains("100.00 100") && Contains(">100 %<"));
  summary.images_with_hash = 0;
  CHECK_THAT(coverage_ring(summary).text(), !Contains("class=\"arc\""));
}

}  // namespace backglance
