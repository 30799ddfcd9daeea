// SPDX-License-Identifier: Apache-2.0
// The columns of what was read: findings by image, in the order of the statement that reads them,
// and images by class.
#include "base/text.h"
#include "report/columns.h"
#include "report/wording.h"

namespace backglance {
namespace {

using Result = SiteReport::Result;
using Align = TextTable::Align;
using Fit = TextTable::Fit;

constexpr std::size_t kLongestReason = 500;  // bytes, to people

template <auto Member>
Value stored(const ResultRow& row) {
  return Stored{row.result.*Member};
}

constexpr Column<ResultRow> kResultColumns[] = {
    {.name = "source",
     .machine = Machine::csv,  // JSON has a list for each
     .value = [](const ResultRow& row) -> Value { return Word{std::string(row.source)}; }},
    {.name = "image_id",
     .value = stored<&Result::image_id>,
     .text = {1, {"IMAGE"}},
     .page = {1,
              {"Image", CellKind::id},
              [](const ResultRow& row) {
                return html_image(row.result.name, row.result.image_id);
              }},
     .read = read_text<&Result::image_id>},
    {.name = "name",
     .value = stored<&Result::name>,
     .text = {3,
              {"NAME", Align::left, Fit::elastic},
              [](const ResultRow& row) {
                return row.result.name.empty() ? std::string("-") : printable(row.result.name);
              }},
     .read = read_text<&Result::name>},
    {.name = "owner",
     .value = stored<&Result::owner>,
     .text = {4, {"OWNER", Align::left, Fit::detail}},
     .page = {3,
              {"Owner", CellKind::owner},
              [](const ResultRow& row) { return html_owner(row.result.owner); }},
     .read = read_text<&Result::owner>},
    {.name = "size",
     .value = [](const ResultRow& row) -> Value { return Bytes{row.result.size}; },
     .text = {2, {"SIZE", Align::right}},
     .page = {4, {"Size", CellKind::size}},
     .read = read_number<&Result::size>},
    // In the text report it is the heading of the table, on the page the tag above the reason.
    {.name = "class",
     .value = [](const ResultRow& row) -> Value {
       return Word{std::string(result_name(row.result.result))};
     },
     .read =
         [](Result& result, const SqlRow& row, std::size_t at) {
           // An unknown name is from a later release; it is not a finding of this one.
           result.result = result_from_name(row.text_or_empty(at)).value_or(ImageResult::hashed);
         }},
    // Cut for people; machines get more of it.
    {.name = "reason",
     .value = stored<&Result::reason>,
     .text = {6,
              {"REASON", Align::left, Fit::detail},
              [](const ResultRow& row) { return printable(row.result.reason, kLongestReason); }},
     .page = {2,
              {"Finding", CellKind::prose},
              [](const ResultRow& row) {
                return html_in("tag-bad", html_escaped(result_text(row.result.result))) +
                       html_in("reason",
                               html_text(row.result.reason, "no reason given", kLongestReason));
              }},
     .read = read_text<&Result::reason>},
    {.name = "finished_at",
     .value = [](const ResultRow& row) -> Value { return Minute{row.result.finished_at}; },
     .text = {5, {"READ", Align::left, Fit::detail}},
     .page = {5, {"Read"}},
     .read = read_number<&Result::finished_at>},
};

// Never read from a row: they are counted (collect.cpp).
constexpr Column<ClassRow> kClassColumns[] = {
    {.name = "class",
     .machine = Machine::json,
     .value = [](const ClassRow& row) -> Value {
       return Word{std::string(result_name(row.count.result))};
     },
     .text = {1,
              {"RESULT"},
              [](const ClassRow& row) { return std::string(result_text(row.count.result)); }},
     .page = {1,
              {"Result", CellKind::label},
              [](const ClassRow& row) {
                return html_in(is_finding(row.count.result) ? "tag-bad" : "nowrap",
                               html_escaped(result_text(row.count.result)));
              }}},
    {.name = "images",
     .machine = Machine::json,
     .value = [](const ClassRow& row) -> Value { return Count{row.count.images}; },
     .text = {2, {"IMAGES", Align::right}},
     .page = {2, {"Images", CellKind::number}}},
    {.name = "bytes",
     .machine = Machine::json,
     .value = [](const ClassRow& row) -> Value { return Bytes{row.count.bytes}; },
     .text = {3, {"BYTES", Align::right}},
     .page = {3, {"Bytes", CellKind::number}}},
    {.name = "finding",
     .machine = Machine::json,
     .value = [](const ClassRow& row) -> Value { return is_finding(row.count.result); },
     .text = {4,
              {""},
              [](const ClassRow& row) {
                return std::string(is_finding(row.count.result) ? "finding" : "");
              }}},
    {.machine = Machine::none,
     .page = {4,
              {"What it means", CellKind::prose},
              [](const ClassRow& row) { return html_escaped(row.meaning); }}},
};

}  // namespace

Columns<ResultRow> result_columns() {
  return kResultColumns;
}

Columns<ClassRow> class_columns() {
  return kClassColumns;
}

}  // namespace backglance
