// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/text_table.h"
#include "report/utf8.h"
#include "report/wording.h"
#include "tests/unit/report_sample.h"

namespace backglance {
namespace {

using Catch::Matchers::Contains;

std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : split(text, '\n'))
    if (line.find(part) != std::string::npos)
      return line;
  return {};
}

// The rows of an RFC 4180 text, read strictly.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      row.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      row.emplace_back();
    } else if (!quoted && c == '\r') {
      REQUIRE(i + 1 < text.size());
      REQUIRE(text[++i] == '\n');
      rows.push_back(std::move(row));
      row.assign(1, "");
    } else {
      REQUIRE((quoted || c != '\n'));
      row.back() += c;
    }
  }
  REQUIRE(row == std::vector<std::string>{""});
  return rows;
}

void collect_members(const nlohmann::json& value, std::set<std::string>& names) {
  if (value.is_object())
    for (const auto& item : value.items())
      names.insert(item.key());
  for (const auto& child : value)
    if (child.is_structured())
      collect_members(child, names);
}

}  // namespace

TEST_CASE("no line of the text report is wider than the terminal") {
  SiteReport report = report_sample();
  report.findings[0].reason = std::string(300, 'x') + " " + std::string(90, 'y');
  report.signatures[0].owner = std::string(255, 'o');
  for (const int columns : {40, 41, 59, 80, 100, 133, 200}) {
    const std::string text = render_text(report, columns);
    REQUIRE(text.ends_with("\n"));
    for (const std::string& line : split(text, '\n')) {
      INFO(columns << ": " << line);
      CHECK(display_width(line) <= columns);
    }
  }
}

TEST_CASE("no control character of a name reaches the text report") {
  const std::string text = render_text(report_sample(), 0);
  for (const char c : text)
    CHECK((c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)));
  CHECK_THAT(text, Contains("a\\x1b[31m\\x0d\\x0ab\\xff"));
  CHECK_THAT(text, Contains("invoice\\u202egpj.exe"));
}

TEST_CASE("the text report begins with how far the site is") {
  const std::string text = render_text(report_sample(), 0);
  CHECK_THAT(text, Contains("51 of 60 images have a hash (85 %), 41.0 GiB of 46.6 GiB (88 %)"));
  CHECK_THAT(text, Contains("2026-03-04 04:53 UTC by backglance 1.2.3"));
  CHECK_THAT(text, Contains("2 images still to read, 12.1 KiB"));
}

TEST_CASE("the text report lists what is still deprecated and nothing else") {
  const std::string text = render_text(report_sample(), 0);
  CHECK_THAT(text, Contains("3 live images of 2 owners, 1 deleted; deadline passed for 1; next "
                            "deadline 2026-03-24"));
  CHECK_THAT(line_with(text, "id-past"), Contains("2026-02-22 passed"));
  CHECK_THAT(line_with(text, "id-soon"), Contains("signature_hash_method, signature_key_type"));
  CHECK_THAT(line_with(text, "id-deleted"), Contains("deleted"));
  CHECK(line_with(text, "id-removed").empty());
  CHECK(line_with(text, "id-new").empty());
  CHECK_THAT(text, Contains("new complete"));
}

TEST_CASE("the report splits a site of several stores by store") {
  SiteReport report = report_sample();
  const std::string text = render_text(report, 0);
  CHECK(line_with(text, "fast: rbd") ==
        "  fast: rbd                            40         35   41.9 GiB   37.3 GiB         0");
  CHECK_THAT(text, Contains("\nLive images by store\n"));
  CHECK_THAT(text, Contains("<b>\\x1b[31m: s3, not configured"));
  const std::string page = render_html(report);
  CHECK_THAT(page, Contains("By store"));
  CHECK_THAT(page, Contains("&lt;b&gt;\\x1b[31m: s3, not configured"));
  const nlohmann::json stores = render_json(report).at("stores");
  REQUIRE(stores.size() == 3);
  CHECK(stores[1] == nlohmann::json{{"id", ""},
                                    {"type", "file"},
                                    {"configured", true},
                                    {"images", 18},
                                    {"bytes", 4'000'000'000},
                                    {"images_with_hash", 16},
                                    {"bytes_with_hash", 3'000'000'000},
                                    {"findings", 1}});
  // Of one store the coverage says the same.
  report.stores.resize(1);
  CHECK(render_text(report, 0).find("by store") == std::string::npos);
  CHECK(render_html(report).find("By store") == std::string::npos);
  CHECK(render_json(report).at("stores").size() == 1);
}

TEST_CASE("every finding stands under what to do about it") {
  const std::string text = render_text(report_sample(), 0);
  const auto heading = text.find("Backfill: missing, 1 image\n");
  const auto advice = text.find(result_meaning(ImageResult::missing));
  const auto row = text.find("id-missing");
  REQUIRE(heading != std::string::npos);
  REQUIRE(advice != std::string::npos);
  REQUIRE(row != std::string::npos);
  CHECK(heading < advice);
  CHECK(advice < row);
  CHECK_THAT(text, Contains("Verify: checksum differs, 1 image"));
}

TEST_CASE("a signature over the data that does not verify is shown with its image") {
  SiteReport report = report_sample();
  CHECK_THAT(render_text(report, 0), !Contains("img_signature that does not verify"));
  report.signatures[5].verdict = SignatureVerdict::invalid;
  const std::string text = render_text(report, 0);
  CHECK_THAT(text, Contains("img_signature that does not verify: 1 image\n") &&
                       Contains("refuses to boot"));
  CHECK_THAT(line_with(text, "id-new"), Contains("invalid") && Contains("owner-3"));
  CHECK(summarize(report).images_with_findings == 3);
  // What an owner has taken away is no finding any more, whatever was found of it.
  report.signatures[5].scheme = SignatureScheme::none;
  CHECK_THAT(render_text(report, 0), !Contains("img_signature that does not verify"));
  report.signatures[5].scheme = SignatureScheme::new_complete;
  report.signatures[5].deleted = true;
  CHECK_THAT(render_text(report, 0), !Contains("img_signature that does not verify"));
}

TEST_CASE("a long list is printed whole") {
  SiteReport report = report_sample();
  report.signatures.resize(1);
  for (int i = 0; i < 3000; ++i) {
    report.signatures.push_back(report.signatures[0]);
    report.signatures.back().image_id = "image-" + std::to_string(i);
  }
  const std::string text = render_text(report, 80);
  CHECK(!line_with(text, "image-0 ").empty());
  CHECK(!line_with(text, "image-2999").empty());
}

TEST_CASE("a report of nothing still says so") {
  const std::string text = render_text(SiteReport{}, 80);
  CHECK_THAT(text, Contains("no live images"));
  CHECK_THAT(text, Contains("Deprecated signatures: none"));
  CHECK_THAT(text, Contains("Results of the backfill: none yet"));
}

TEST_CASE("columns stay aligned behind wide characters and combining marks") {
  TextTable table({{"NAME"}, {"N", TextTable::Align::right}});
  table.add({"\u65e5\u672c\u8a9e", "1"});
  table.add({"e\u0301te\u0301", "22"});
  table.add({"plain", "333"});
  CHECK(table.render(0, 0) ==
        "NAME      N\n\u65e5\u672c\u8a9e    1\ne\u0301te\u0301      22\nplain   333\n");
}

TEST_CASE("the width of a text is what a terminal gives to it") {
  CHECK(display_width("plain") == 5);
  // Combining marks stand on the letter before them.
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\u0e01\u0e34\u0e49") == 1);
  CHECK(display_width("\u0915\u094d") == 1);
  // Wide: Chinese, Japanese, Korean, full-width forms, and beyond the first 65536 code points.
  CHECK(display_width("\u4e2d\u6587") == 4);
  CHECK(display_width("\u30ab\u30ca") == 4);
  CHECK(display_width("\ud55c\uae00") == 4);
  CHECK(display_width("\uff21\uff22") == 4);
  CHECK(display_width("\uff76") == 1);  // half-width
  CHECK(display_width("\U00020000") == 2);
  // Emoji, also behind a variation selector, and the joiner itself.
  CHECK(display_width("\U0001f600") == 2);
  CHECK(display_width("\u231a") == 2);
  CHECK(display_width("\u2764\ufe0f") == 1);
  CHECK(display_width("\u200d") == 0);
  CHECK(display_width("\U0001f468\u200d\U0001f469") == 4);
  CHECK(display_width("\u200b\ufeff") == 0);
  // Bytes that are not UTF-8 are shown as U+FFFD.
  CHECK(display_width("\xff\xfe") == 2);
}

TEST_CASE("a table too wide for the terminal moves its details beneath the rows") {
  using Fit = TextTable::Fit;
  TextTable table({{"ID"},
                   {"NAME", TextTable::Align::left, Fit::elastic},
                   {"OWNER", TextTable::Align::left, Fit::detail},
                   {"NOTE", TextTable::Align::left, Fit::detail}});
  table.add({"1", "a name of some length", "me", "words that go on"});
  table.add({"2", "b", "", ""});
  CHECK(table.render(0, 0) ==
        "ID  NAME                   OWNER  NOTE\n"
        "1   a name of some length  me     words that go on\n"
        "2   b\n");
  CHECK(table.render(20, 0) ==
        "ID  NAME\n"
        "1   a name of som...\n"
        "  owner: me\n"
        "  note: words that\n"
        "  go on\n"
        "2   b\n");
}

TEST_CASE("text is cut between characters and never past the width") {
  CHECK(cut_to_width("\u65e5\u672c\u8a9e", 6) == "\u65e5\u672c\u8a9e");
  CHECK(cut_to_width("\u65e5\u672c\u8a9e", 5) == "\u65e5...");
  CHECK(cut_to_width("abcdef", 2) == "..");
  // A mark stays with its letter, and an emoji is not cut in half.
  CHECK(cut_to_width("abe\u0301def", 6) == "abe\u0301def");
  CHECK(cut_to_width("abe\u0301defg", 6) == "abe\u0301...");
  CHECK(cut_to_width("\U0001f600\U0001f600\U0001f600", 5) == "\U0001f600...");
  CHECK(cut_to_width("abcdef", 0).empty());
}

TEST_CASE("only well-formed UTF-8 is let through") {
  CHECK(valid_utf8("gr\u00fc\u00df \U0001f600") == "gr\u00fc\u00df \U0001f600");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(valid_utf8("a\xff") == "a" + bad);
  CHECK(valid_utf8("\xc0\xaf") == bad + bad);                      // overlong
  CHECK(valid_utf8("\xed\xa0\x80") == bad + bad + bad);            // a surrogate
  CHECK(valid_utf8("\xf4\x90\x80\x80") == bad + bad + bad + bad);  // past U+10FFFF
  CHECK(valid_utf8("\xe2\x82") == bad + bad);                      // cut short
  CHECK(valid_utf8(bad) == bad);
}

TEST_CASE("the signatures as CSV have one row for each image and a header") {
  const auto rows = read_csv(render_signatures_csv(report_sample()));
  REQUIRE(rows.size() == 7);
  CHECK(rows[0] == std::vector<std::string>{
                       "image_id", "name", "owner", "status", "deleted", "hidden", "snapshot",
                       "scheme", "present", "missing", "flagged_at", "deadline_at", "removed_at",
                       "verdict", "legacy_verdict", "verdict_reason", "verified_at", "chain"});
  CHECK(rows[1] == std::vector<std::string>{"id-past", "<script>alert(1)</script>", "owner-2",
                                            "active", "no", "no", "no", "legacy_complete",
                                            "signature", "signature_hash_method signature_key_type",
                                            "2025-11-24T04:53:20Z", "2026-02-22T04:53:20Z", "", "",
                                            "valid", "", "2026-03-04T04:53:10Z", ""});
  CHECK(rows[5][12] == "2026-03-03T04:53:20Z");
  CHECK(rows[6][11].empty());
}

TEST_CASE("the findings as CSV keep quotes and commas and disarm formulas") {
  const auto rows = read_csv(render_findings_csv(report_sample()));
  REQUIRE(rows.size() == 4);
  CHECK(rows[1] == std::vector<std::string>{"backfill", "id-missing", "'=cmd|' /C calc'!A0",
                                            "owner-1", "5000", "missing",
                                            "no such file, \"it\" said", "2026-03-04T04:52:20Z"});
  CHECK(rows[2][2] == "a\\x1b[31m\\x0d\\x0ab\\xff");
  CHECK(rows[3][0] == "verify");
}

TEST_CASE("every start of a formula is disarmed in CSV") {
  for (const std::string name : {"=1+1", "+1", "-1", "@SUM(A1)", "  =1"}) {
    SiteReport report = report_sample();
    report.signatures[0].name = name;
    CHECK(read_csv(render_signatures_csv(report))[1][1] == "'" + name);
  }
  SiteReport report = report_sample();
  report.signatures[0].name = "\t=1";
  CHECK(read_csv(render_signatures_csv(report))[1][1] == "\\x09=1");
}

TEST_CASE("JSON has numbers as numbers, times in ISO 8601 and null for what is not there") {
  const nlohmann::json json = render_json(report_sample());
  CHECK(json["made_at"] == "2026-03-04T04:53:20Z");
  CHECK(json["coverage"]["images"] == 60);
  CHECK(json["coverage"]["images_with_hash"] == 51);
  CHECK(json["coverage"]["algorithms"].back()["algorithm"].is_null());
  CHECK(json["queued"]["bytes"] == 12345);
  CHECK(json["backfill"]["classes"][1] ==
        nlohmann::json{{"class", "missing"}, {"finding", true}, {"images", 1}, {"bytes", 5000}});
  CHECK(json["backfill"]["findings"].size() == 2);
  CHECK(json["verify"]["findings"][0]["class"] == "checksum_differs");
  CHECK(json["signatures"]["deprecated"] == 3);
  CHECK(json["signatures"]["images"][4]["deprecated"] == false);
  CHECK(json["signatures"]["images"][5]["deadline_at"].is_null());
  CHECK(json["signatures"]["owners"][0]["owner"] == "owner-2");
  CHECK(json["runs"][0]["outcome"] == "done");
  CHECK(json["runs"][1]["finished_at"].is_null());
  CHECK(json["runs"][1]["outcome"].is_null());
}

TEST_CASE("JSON of garbage can be printed and read again") {
  const nlohmann::json json = render_json(report_sample());
  const nlohmann::json again = nlohmann::json::parse(json.dump());
  CHECK(again == json);
  CHECK(again["backfill"]["findings"][1]["name"] == "a\x1b[31m\r\nb\xEF\xBF\xBD");
}

TEST_CASE("docs/json.md describes every member of the report") {
  const auto path = std::filesystem::path(BACKGLANCE_SOURCES) / "docs/json.md";
  std::ifstream file(path);
  REQUIRE(file);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto begin = text.find("\n## report\n");
  REQUIRE(begin != std::string::npos);
  const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
  std::set<std::string> names;
  collect_members(render_json(report_sample()), names);
  CHECK(names.size() > 30);
  for (const std::string& name : names) {
    INFO(name);
    CHECK_THAT(section, Contains("`" + name + "`"));
  }
}

TEST_CASE("owners are counted by their live images and sorted by their first deadline") {
  const Summary summary = summarize(report_sample());
  CHECK(summary.deprecated == 3);
  CHECK(summary.deprecated_deleted == 1);
  CHECK(summary.removed == 1);
  CHECK(summary.overdue == 1);
  CHECK(summary.next_deadline == kSampleTime + 20 * kSampleDay);
  REQUIRE(summary.owners.size() == 2);
  CHECK(summary.owners[0].owner == "owner-2");
  CHECK(summary.owners[0].overdue == 1);
  CHECK(summary.owners[1].images == 2);
  CHECK(summary.owners[1].first_deadline == kSampleTime + 20 * kSampleDay);
}

TEST_CASE("an image that backfill and verify both object to counts once") {
  CHECK(summarize(report_sample()).images_with_findings == 2);
}

TEST_CASE("sums of absurd sizes stay within their type") {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  SiteReport report = report_sample();
  report.coverage = {{"sha512", kMost, kMost}, {"sha256", 5, kMost}, {"", 1, 1}};
  const Summary summary = summarize(report);
  CHECK(summary.bytes == kMost);
  CHECK(summary.bytes_with_hash == kMost);
  CHECK_THAT(render_text(report, 80), Contains("8.0 EiB"));
}

TEST_CASE("a share is the whole only if it is the whole") {
  CHECK(percent_text(999'999, 1'000'000) == "99 %");
  CHECK(percent_text(1, 1'000'000) == "under 1 %");
  CHECK(percent_text(5, 5) == "100 %");
  CHECK(percent_text(0, 0) == "0 %");
}

TEST_CASE("times outside of the calendar do not stop a report") {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  CHECK(iso_time(kMost) == "9999-12-31T23:59:59Z");
  CHECK(iso_time(-kMost) == "1970-01-01T00:00:00Z");
  CHECK(days_from(kSampleTime, kSampleTime - kSampleDay) == "yesterday");
  CHECK(days_from(kSampleTime, kSampleTime + 12 * kSampleDay) == "in 12 days");
  CHECK(grouped(-1234567) == "-1,234,567");
}

}  // namespace backglance
