// SPDX-License-Identifier: Apache-2.0
#include "report/csv.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace backglance {
namespace {

// Names of 255 characters and lists of properties stay whole; a spreadsheet's own limit is 32767.
constexpr std::size_t kMaxCellBytes = 8000;

// RFC 4180. Line ends need no quotes, because printable() leaves none; blanks at an end do, because
// some readers drop them.
std::string quoted(const std::string& cell) {
  // In some countries a spreadsheet separates cells by semicolons: what stands behind one must not
  // become a cell, which could be a formula.
  if (cell.find_first_of(",;\"") == std::string::npos && !cell.starts_with(' ') &&
      !cell.ends_with(' '))
    return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"')
      out += '"';
    out += c;
  }
  return out + "\"";
}

// Behind printable() a tab or a carriage return is "\x09" or "\x0d" and does no harm.
bool begins_a_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.empty())
    return false;
  switch (first_code_point(text).value) {
    case '=':
    case '+':
    case '-':
    case '@':
    // Their wide forms, which spreadsheets of East Asia read alike.
    case 0xFF1D:
    case 0xFF0B:
    case 0xFF0D:
    case 0xFF20:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string csv_text(std::string_view stored) {
  std::string text = printable(stored, kMaxCellBytes);
  if (begins_a_formula(text))
    text.insert(0, 1, '\'');
  return text;
}

void add_csv_row(std::string& out, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0)
      out += ',';
    out += quoted(cells[i]);
  }
  out += "\r\n";
}

}  // namespace backglance
