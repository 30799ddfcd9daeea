// SPDX-License-Identifier: Apache-2.0
// A new result is one row of kResults: every other list follows from it, or is compared with it
// here. tests/docs/docs_test.py compares the documents, tests/site/site_test.py the demo site.
#include "base/image_result.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/metrics.h"
#include "read/read_result.h"
#include "report/render.h"
#include "sql/text.h"

using namespace backglance;

namespace {

std::string quoted(std::string_view name) {
  return "'" + std::string(name) + "'";
}

const std::vector<std::string> kLists = {"results_without_findings",
                                         "results_retried_when_reachable",
                                         "results_retried_when_live",
                                         "results_retried_when_located",
                                         "results_retried_when_image_changes",
                                         "results_against",
                                         "results_compared"};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The sources of every module but base/, whose table may name results.
std::vector<std::filesystem::path> sources_above_base() {
  std::vector<std::filesystem::path> sources;
  for (const auto& folder : std::filesystem::directory_iterator(BACKGLANCE_SOURCES)) {
    if (folder.path().filename() == "base" ||
        text_of(folder.path() / "CMakeLists.txt").find("backglance_module(") == std::string::npos)
      continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
      if (file.path().extension() == ".cpp" || file.path().extension() == ".h")
        sources.push_back(file.path());
  }
  return sources;
}

// Whether a source decides by a list of results of its own: compares with two of them in one
// condition, sums up two cases of a switch, or has them in braces.
bool lists_results(const std::string& source) {
  static const std::regex kCompared(
      R"([=!]=\s*ImageResult::\w+[^;{}?]*(&&|\|\|)[^;{}?]*[=!]=\s*ImageResult::\w+)");
  static const std::regex kCases(R"(case ImageResult::\w+:\s*case ImageResult::\w+:)");
  static const std::regex kBraces(R"(\{\s*ImageResult::\w+\s*,\s*ImageResult::\w+)");
  return std::regex_search(source, kCompared) || std::regex_search(source, kCases) ||
         std::regex_search(source, kBraces);
}

}  // namespace

TEST_CASE("each result is found by its name") {
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  for (const ResultFacts& row : kResults) {
    CHECK(result_from_name(row.name) == row.result);
    CHECK(result_name(row.result) == row.name);
    names.insert(row.name);
    texts.insert(row.text);
  }
  CHECK(names.size() == kResults.size());
  CHECK(texts.size() == kResults.size());
  CHECK_FALSE(result_from_name("no_such_result"));
}

TEST_CASE("a run counts every result, in JSON and in metrics as well") {
  ReadResult result;
  REQUIRE(result.classes.size() == kResults.size());
  for (const ResultFacts& row : kResults)
    result.total(row.result).images = 1 + static_cast<std::int64_t>(row.result);
  Metrics metrics;
  metrics.command = "backfill";
  metrics.result = result;
  const auto object = read_result_json(result);
  CHECK(object["classes"].size() == kResults.size());
  const std::string text = metrics_text(metrics);
  std::int64_t findings = 0;
  for (const ResultFacts& row : kResults) {
    const std::int64_t images = 1 + static_cast<std::int64_t>(row.result);
    CHECK(object["classes"][std::string(row.name)]["images"] == images);
    CHECK(text.find("result=\"" + std::string(row.name) + "\"} " + std::to_string(images) + "\n") !=
          std::string::npos);
    findings += row.finding ? images : 0;
  }
  CHECK(result.findings() == findings);
}

TEST_CASE("a report names every result that its site has") {
  SiteReport report;
  for (const ResultFacts& row : kResults)
    report.results.push_back({row.result, 1, 2});
  const std::string text = render_text(report, 120);
  const std::string html = render_html(report);
  for (const ResultFacts& row : kResults) {
    CHECK(text.find(std::string(row.text)) != std::string::npos);
    CHECK(html.find(std::string(row.text)) != std::string::npos);
  }
}

TEST_CASE("SQL lists of results hold the rows that have the property") {
  const auto has = [](const std::string& list, const ResultFacts& row) {
    return sql_result_list(list)->find(quoted(row.name)) != std::string::npos;
  };
  for (const ResultFacts& row : kResults) {
    INFO(row.name);
    CHECK(has("results_without_findings", row) == !row.finding);
    CHECK(has("results_retried_when_reachable", row) ==
          (row.retry.when == RetryRule::When::when_reachable));
    CHECK(has("results_retried_when_live", row) == (row.retry.when == RetryRule::When::when_live));
    CHECK(has("results_retried_when_located", row) ==
          (row.retry.when == RetryRule::When::when_located));
    CHECK(has("results_retried_when_image_changes", row) ==
          (has("results_retried_when_live", row) || has("results_retried_when_located", row)));
    CHECK(agrees(row.result) == (row.evidence == Evidence::agrees));
    CHECK(has("results_against", row) ==
          (row.evidence == Evidence::against || row.evidence == Evidence::refutes));
    CHECK(has("results_compared", row) == (row.evidence != Evidence::none));
  }
  CHECK_FALSE(sql_result_list("results_of_another_name"));
  // What comes back by itself when the image changes counts for no failure of today.
  CHECK(*sql_result_list("results_retried_when_image_changes") == "'no_location', 'gone'");
  // In the statements themselves the names in braces are gone.
  const EngineFacts& engine = engine_facts(Engine::sqlite);
  CHECK(sql_text(engine, "report", "findings").find(*sql_result_list(kLists[0])) !=
        std::string::npos);
}

TEST_CASE("no SQL text names a result: each list comes from the one table") {
  std::set<std::string> used;
  for (const EmbeddedFile& file : sql_files()) {
    const std::string text(file.text);
    INFO(file.name);
    for (const ResultFacts& row : kResults) {
      INFO(row.name);
      CHECK(text.find(quoted(row.name)) == std::string::npos);
    }
    // A list that nobody knows would stay in the statement.
    static const std::regex kNamed(R"(\{(results_\w+)\})");
    for (std::sregex_iterator at(text.begin(), text.end(), kNamed), end; at != end; ++at)
      CHECK(sql_result_list((*at)[1].str()));
    for (const std::string& name : kLists)
      if (text.find("{" + name + "}") != std::string::npos)
        used.insert(name);
  }
  // A list without a row would be no SQL.
  for (const std::string& name : kLists)
    CHECK_FALSE(sql_result_list(name).value().empty());
  CHECK(used.size() == kLists.size());
}

TEST_CASE("no source lists results by hand: it asks for their facts") {
  CHECK(lists_results("return a == ImageResult::missing ||\n    a == ImageResult::unreadable;"));
  CHECK(lists_results("if (a != ImageResult::hashed && a != ImageResult::verified)"));
  CHECK(lists_results("case ImageResult::gone:\n  case ImageResult::missing:"));
  CHECK(lists_results("const std::set kSome = {ImageResult::gone, ImageResult::missing};"));
  CHECK_FALSE(lists_results("result = live ? ImageResult::already_done : ImageResult::gone;"));
  const auto sources = sources_above_base();
  REQUIRE(sources.size() > 200);
  for (const auto& source : sources) {
    const std::string text = text_of(source);
    INFO(source);
    CHECK_FALSE(lists_results(text));
    // SQL within a source has the names in single quotes.
    for (const ResultFacts& row : kResults)
      CHECK(text.find(quoted(row.name)) == std::string::npos);
  }
}
