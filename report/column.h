// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/csv.h"
#include "report/html_table.h"
#include "report/text_table.h"
#include "report/value.h"
#include "sql/row.h"

namespace backglance {

// A column of a table, declared once: what it contains, how it is read from the database, and in
// which of the four formats it appears. A new column of the report is one column of the SQL, one
// member of the model and one declaration.

// In which formats for machines the column appears, under its name. JSON sorts its members; CSV
// keeps the order of the declarations.
enum class Machine { none, csv, json, both };

// Where the column appears in text: `place` counts from the left, from 1; 0: not shown. The cell is
// made from the column's value, or by `cell` if more is needed (a name over an id).
template <typename Row>
struct TextPlace {
  int place = 0;
  TextTable::Column column = {};
  std::string (*cell)(const Row& row) = nullptr;
};
// The same for the HTML page.
template <typename Row>
struct PagePlace {
  int place = 0;
  HtmlColumn column = {};
  Html (*cell)(const Row& row) = nullptr;
};

// Reads column number `at` of a row into the record.
template <typename Record>
using ReadColumn = void (*)(Record& record, const SqlRow& row, std::size_t at);

template <typename Row>
struct Column {
  std::string_view name = {};  // the header in CSV and the member in JSON
  Machine machine = Machine::both;
  Value (*value)(const Row& row) = nullptr;
  TextPlace<Row> text = {};
  PagePlace<Row> page = {};
  // Null if the column is not read from the database. The declarations with a function are in the
  // same order as the columns of the statement.
  ReadColumn<typename Row::Record> read = nullptr;
};

// The list is static: it lives as long as the program.
template <typename Row>
using Columns = std::span<const Column<Row>>;

inline bool is_in(Machine machine, Machine one) {
  return machine == one || machine == Machine::both;
}

// Reads a row of the statement. Throws std::logic_error if the row has more or fewer columns than
// are declared.
template <typename Row>
typename Row::Record read_record(Columns<Row> columns, const SqlRow& row) {
  typename Row::Record record;
  std::size_t at = 0;
  for (const Column<Row>& column : columns)
    if (column.read != nullptr)
      column.read(record, row, at++);
  if (at != row.size())
    throw std::logic_error("a statement of the report has other columns than are declared");
  return record;
}

template <typename Row>
void add_csv_header(std::string& out, Columns<Row> columns) {
  std::vector<std::string> cells;
  for (const Column<Row>& column : columns)
    if (is_in(column.machine, Machine::csv))
      cells.emplace_back(column.name);
  add_csv_row(out, cells);
}

template <typename Row>
void add_csv_row(std::string& out, Columns<Row> columns, const Row& row) {
  std::vector<std::string> cells;
  for (const Column<Row>& column : columns)
    if (is_in(column.machine, Machine::csv))
      cells.push_back(csv_cell(column.value(row)));
  add_csv_row(out, cells);
}

// The members of a row's JSON object.
using Member = std::pair<std::string_view, Value>;
template <typename Row>
std::vector<Member> members_of(Columns<Row> columns, const Row& row) {
  std::vector<Member> members;
  for (const Column<Row>& column : columns)
    if (is_in(column.machine, Machine::json))
      members.emplace_back(column.name, column.value(row));
  return members;
}

// The columns that a format for people shows, from left to right.
template <auto Place, typename Row>
std::vector<const Column<Row>*> placed(Columns<Row> columns) {
  std::vector<const Column<Row>*> out;
  for (const Column<Row>& column : columns)
    if ((column.*Place).place > 0)
      out.push_back(&column);
  std::sort(out.begin(), out.end(), [](const Column<Row>* a, const Column<Row>* b) {
    return (a->*Place).place < (b->*Place).place;
  });
  return out;
}

template <typename Row>
TextTable text_table(Columns<Row> columns, const std::vector<Row>& rows) {
  const auto shown = placed<&Column<Row>::text>(columns);
  std::vector<TextTable::Column> heads;
  heads.reserve(shown.size());
  for (const Column<Row>* column : shown)
    heads.push_back(column->text.column);
  TextTable table(std::move(heads));
  for (const Row& row : rows) {
    std::vector<std::string> cells;
    cells.reserve(shown.size());
    for (const Column<Row>* column : shown)
      cells.push_back(column->text.cell != nullptr ? column->text.cell(row)
                                                   : text_cell(column->value(row)));
    table.add(std::move(cells));
  }
  return table;
}

// Makes a table with the declared columns and without rows.
template <typename Row>
HtmlTable page_table(Columns<Row> columns, std::string_view id, std::string_view caption) {
  HtmlTable table{id, caption, {}};
  for (const Column<Row>* column : placed<&Column<Row>::page>(columns))
    table.columns.push_back(column->page.column);
  return table;
}

template <typename Row>
Html page_rows(Columns<Row> columns, const std::vector<Row>& rows) {
  const auto shown = placed<&Column<Row>::page>(columns);
  Html out;
  for (const Row& row : rows) {
    std::vector<HtmlCell> cells;
    cells.reserve(shown.size());
    for (const Column<Row>* column : shown)
      cells.push_back({column->page.column.kind, column->page.cell != nullptr
                                                     ? column->page.cell(row)
                                                     : html_cell(column->value(row))});
    out += html_row(cells);
  }
  return out;
}

// Readers for a member of the record.
template <auto Member, typename Record>
void read_text(Record& record, const SqlRow& row, std::size_t at) {
  record.*Member = row.text_or_empty(at);
}
template <auto Member, typename Record>
void read_truth(Record& record, const SqlRow& row, std::size_t at) {
  record.*Member = row.truth(at);
}
template <auto Member, typename Record>
void read_number(Record& record, const SqlRow& row, std::size_t at) {
  record.*Member = row.integer_or(at, 0);
}
template <auto Member, typename Record>
void read_optional_number(Record& record, const SqlRow& row, std::size_t at) {
  record.*Member = row.integer(at);
}

}  // namespace backglance
