// SPDX-License-Identifier: Apache-2.0
// A new result is one row of kResults: every other list follows from it, or is compared with it
// here. tests/docs/docs_test.py compares the documents, tests/site/site_test.py the demo site.
#include "base/image_result.h"

#include <catch2/catch.hpp>
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
                                         "results_retried_when_reachable", "results_against"};

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

TEST_CASE("a report explains every result that its site has") {
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
    CHECK(has("results_against", row) ==
          (row.evidence == Evidence::against || row.evidence == Evidence::refutes));
  }
  CHECK_FALSE(sql_result_list("results_of_another_name"));
  // In the statements themselves the names in braces are gone.
  const EngineFacts& engine = engine_facts(Engine::sqlite);
  CHECK(sql_text(engine, "report", "findings").find(*sql_result_list(kLists[0])) !=
        std::string::npos);
}

TEST_CASE("no SQL text lists results by hand") {
  std::string either;
  for (const ResultFacts& row : kResults)
    either += (either.empty() ? "'(" : "|") + std::string(row.name);
  // What retries when the image itself has changed is no property of the result alone.
  const std::string allowed = "'no_location', 'gone'";
  const std::regex list(either + ")'\\s*,\\s*" + either + ")'");
  std::set<std::string> used;
  for (const EmbeddedFile& file : sql_files()) {
    std::string text(file.text);
    for (auto at = text.find(allowed); at != std::string::npos; at = text.find(allowed))
      text.erase(at, allowed.size());
    INFO(file.name);
    CHECK_FALSE(std::regex_search(text, list));
    for (const std::string& name : kLists)
      if (text.find("{" + name + "}") != std::string::npos)
        used.insert(name);
  }
  CHECK(used.size() == kLists.size());
}
