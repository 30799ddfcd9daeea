// SPDX-License-Identifier: Apache-2.0
#include "report/csv.h"

#include "base/text.h"

namespace backglance {
namespace {

// Names of 255 characters and lists of properties stay whole; a spreadsheet's own limit is 32767.
constexpr std::size_t kMaxCellBytes = 8000;

// RFC 4180. Line ends need no quotes, because printable() leaves none; blanks at an end do, because
// some readers drop them.
std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"") == std::string::npos && !cell.starts_with(' ') &&
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

}  // namespace

std::string csv_text(std::string_view stored) {
  std::string text = printable(stored, kMaxCellBytes);
  // A cell that begins like this is a formula to a spreadsheet, and its text is an owner's.
  const auto first = text.find_first_not_of(' ');
  // Behind printable() a tab or a carriage return is "\x09" or "\x0d" and does no harm.
  if (first != std::string::npos &&
      std::string_view("=+-@").find(text[first]) != std::string_view::npos)
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
