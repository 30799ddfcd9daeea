// SPDX-License-Identifier: Apache-2.0
// A column is declared once; here each declaration is looked for in every rendering that it names.
#include "report/columns.h"
#include "report/csv.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "base/text.h"
#include "report/owners.h"
#include "report/render.h"
#include "report/render_owners.h"
#include "report/utf8.h"
#include "tests/unit/report_sample.h"

using namespace backglance;
using nlohmann::json;

namespace {

using Catch::Matchers::Contains;

// A report in which every table has a row.
SiteReport full_sample() {
  SiteReport report = report_sample();
  report.signatures[5].verdict = SignatureVerdict::invalid;
  return report;
}

std::vector<std::string> csv_header(const std::string& csv) {
  return split(csv.substr(0, csv.find("\r\n")), ',');
}

template <typename Row>
std::vector<std::string> declared_for(Columns<Row> columns, Machine machine) {
  std::vector<std::string> names;
  for (const Column<Row>& column : columns)
    if (is_in(column.machine, machine))
      names.emplace_back(column.name);
  return names;
}

// Every column stands somewhere or is read, has a value where one is needed, and no name and no
// place is taken twice.
template <typename Row>
void check_declarations(Columns<Row> columns) {
  std::set<std::string_view> names;
  std::set<int> text_places;
  std::set<int> page_places;
  for (const Column<Row>& column : columns) {
    const bool of_machine = column.machine != Machine::none;
    INFO(column.name << column.text.column.title << column.page.column.title);
    CHECK((of_machine || column.text.place > 0 || column.page.place > 0 || column.read != nullptr));
    if (of_machine) {
      CHECK_FALSE(column.name.empty());
      CHECK(names.insert(column.name).second);
      CHECK(column.value != nullptr);
    }
    if (column.text.place > 0) {
      CHECK(text_places.insert(column.text.place).second);
      CHECK((column.text.cell != nullptr || column.value != nullptr));
    }
    if (column.page.place > 0) {
      CHECK(page_places.insert(column.page.place).second);
      CHECK((column.page.cell != nullptr || column.value != nullptr));
    }
  }
  // From the left, without a gap.
  for (const auto* places : {&text_places, &page_places})
    CHECK((places->empty() || *places->rbegin() == static_cast<int>(places->size())));
}

template <typename Row>
void check_json(Columns<Row> columns, const json& object) {
  std::set<std::string> members;
  for (const auto& [name, value] : object.items())
    members.insert(name);
  const auto declared = declared_for(columns, Machine::json);
  CHECK(members == std::set<std::string>(declared.begin(), declared.end()));
}

// Some line of `text` has the columns' titles in their order, and nothing else.
template <typename Row>
void check_text(Columns<Row> columns, const std::string& text) {
  std::vector<std::string> titles;
  for (const Column<Row>* column : placed<&Column<Row>::text>(columns))
    if (!column->text.column.title.empty())
      titles.emplace_back(column->text.column.title);
  bool found = false;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> words;
    for (const std::string& word : split(line, ' '))
      if (!word.empty())
        words.push_back(word);
    found = found || words == titles;
  }
  INFO(join(titles, " "));
  CHECK(found);
}

// The table `id` of the page has them as headings, and as labels of its cards.
template <typename Row>
void check_page(Columns<Row> columns, const std::string& page, const std::string& id) {
  const auto begin = page.find("<table id=\"" + id + "\"");
  REQUIRE(begin != std::string::npos);
  std::string head = page.substr(begin, page.find("</thead>", begin) - begin);
  std::size_t number = 0;
  for (const Column<Row>* column : placed<&Column<Row>::page>(columns)) {
    ++number;
    const std::string title(column->page.column.title);
    INFO(id << ": " << title);
    const auto at = head.find(">" + title + "</th>");
    CHECK(at != std::string::npos);
    head.erase(0, at == std::string::npos ? 0 : at);
    if (number > 1 && column->page.column.kind != CellKind::prose)
      CHECK_THAT(page, Contains("#" + id + " td:nth-child(" + std::to_string(number) +
                                ")::before{content:\"" + title + "\"}"));
  }
  CHECK(number > 0);
}

}  // namespace

TEST_CASE("every column is declared once and stands in a rendering") {
  check_declarations(signature_columns());
  check_declarations(verdict_columns());
  check_declarations(result_columns());
  check_declarations(class_columns());
  check_declarations(coverage_columns());
  check_declarations(owner_columns());
  check_declarations(scheme_columns());
  check_declarations(run_columns());
  check_declarations(owner_image_columns());
  check_declarations(owner_page_columns());
}

TEST_CASE("CSV has every column that is declared for it") {
  const SiteReport report = full_sample();
  CHECK(csv_header(render_signatures_csv(report)) ==
        declared_for(signature_columns(), Machine::csv));
  CHECK(csv_header(render_findings_csv(report)) == declared_for(result_columns(), Machine::csv));
  const auto pages = owner_pages(report);
  CHECK(csv_header(render_owner_csv(pages[0])) ==
        declared_for(owner_image_columns(), Machine::csv));
  CHECK(csv_header(render_owners_index_csv(pages)) ==
        declared_for(owner_page_columns(), Machine::csv));
}

TEST_CASE("JSON has every column that is declared for it") {
  const json object = render_json(full_sample());
  check_json(signature_columns(), object["signatures"]["images"][0]);
  check_json(owner_columns(), object["signatures"]["owners"][0]);
  check_json(result_columns(), object["backfill"]["findings"][0]);
  check_json(result_columns(), object["verify"]["findings"][0]);
  check_json(class_columns(), object["backfill"]["classes"][0]);
  check_json(coverage_columns(), object["coverage"]["algorithms"][0]);
  check_json(run_columns(), object["runs"][0]);
}

TEST_CASE("the text report has every column that is declared for it") {
  const std::string text = render_text(full_sample(), 0);
  check_text(signature_columns(), text);
  check_text(verdict_columns(), text);
  check_text(result_columns(), text);
  check_text(class_columns(), text);
  check_text(coverage_columns(), text);
  check_text(scheme_columns(), text);
  check_text(run_columns(), text);
}

TEST_CASE("the pages have every column that is declared for them") {
  const SiteReport report = full_sample();
  const std::string page = render_html(report);
  check_page(signature_columns(), page, "t-signatures");
  check_page(verdict_columns(), page, "t-verdicts");
  check_page(result_columns(), page, "t-findings");
  check_page(result_columns(), page, "t-verify-findings");
  for (const char* const id : {"t-look", "t-settled", "t-verify"})
    check_page(class_columns(), page, id);
  check_page(coverage_columns(), page, "t-coverage");
  check_page(owner_columns(), page, "t-owners");
  for (const char* const id : {"t-schemes", "t-others"})
    check_page(scheme_columns(), page, id);
  check_page(run_columns(), page, "t-runs");
  const auto pages = owner_pages(report);
  check_page(owner_image_columns(), render_owner_html(report, pages[0]), "t-images");
  check_page(owner_page_columns(), render_owners_index_html(report, pages), "t-owners");
}

TEST_CASE("a statement with other columns than are declared is a defect") {
  std::vector<std::optional<std::string>> columns(7);
  columns[0] = "id-1";
  columns[3] = "17";
  columns[4] = "missing";
  const SiteReport::Result result = read_record(result_columns(), SqlRow(columns));
  CHECK(result.image_id == "id-1");
  CHECK(result.size == 17);
  CHECK(result.result == ImageResult::missing);
  columns.emplace_back("one more");
  CHECK_THROWS_AS(read_record(result_columns(), SqlRow(columns)), std::logic_error);
}

TEST_CASE("a value is written as each rendering has it") {
  const Names names = {"a", "b\xff"};
  CHECK(text_cell(names) == "a, b\\xff");
  CHECK(csv_cell(names) == "a b\\xff");
  CHECK(html_cell(names).text() == "<bdi>a, b\\xff</bdi>");
  CHECK(text_cell(Nothing()) == "-");
  CHECK(csv_cell(Nothing()).empty());
  CHECK(html_cell(Nothing()).empty());
  CHECK(text_cell(Count{1204}) == "1,204");
  CHECK(csv_cell(Count{1204}) == "1204");
  CHECK(text_cell(Bytes{1536}) == "1.5 KiB");
  CHECK(csv_cell(Bytes{1536}) == "1536");
  CHECK(text_cell(Minute{kSampleTime}) == "2026-03-04 04:53 UTC");
  CHECK(csv_cell(Minute{kSampleTime}) == "2026-03-04T04:53:20Z");
  CHECK(text_cell(Day{kSampleTime}) == "2026-03-04");
  CHECK(text_cell(true) == "yes");
  CHECK(csv_cell(false) == "no");
  // A name that reorders the line around it, that breaks it, or that a spreadsheet would run.
  CHECK(text_cell(Stored{"a\u202eb\u2028c"}) == "a\\u202eb\\u2028c");
  CHECK(csv_cell(Stored{"=1"}) == "'=1");
  CHECK(csv_cell(Stored{"\uff1d1"}) == "'\uff1d1");
  CHECK(csv_cell(Stored{"a\u202eb\ufeff"}) == "a\\u202eb\\ufeff");
  std::string row;
  add_csv_row(row, {"a;=1", "b"});
  CHECK(row == "\"a;=1\",b\r\n");
  CHECK(html_cell(Stored{"<b>&"}).text() == "<bdi>&lt;b&gt;&amp;</bdi>");
}
