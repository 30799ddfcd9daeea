// SPDX-License-Identifier: Apache-2.0
#include "report/text_table.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "report/utf8.h"

namespace backglance {
namespace {

constexpr int kGap = 2;           // between columns
constexpr int kLeastElastic = 8;  // below this a name says nothing

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

// The columns that stand on a row's first line, with their widths.
struct Layout {
  std::vector<std::size_t> shown;
  std::vector<std::size_t> beneath;
  std::vector<int> widths;  // of `shown`
};

int total_width(const std::vector<int>& widths, int indent) {
  int total = indent + kGap * static_cast<int>(widths.size() - 1);
  for (const int width : widths)
    total += width;
  return total;
}

Layout lay_out(const std::vector<TextTable::Column>& columns, const std::vector<int>& natural,
               int limit, int indent) {
  Layout layout;
  // Details go below the row only if not everything fits beside each other.
  const bool fits = limit <= 0 || total_width(natural, indent) <= limit;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!fits && columns[i].fit == TextTable::Fit::detail) {
      layout.beneath.push_back(i);
      continue;
    }
    layout.shown.push_back(i);
    layout.widths.push_back(natural[i]);
  }
  if (fits)
    return layout;
  // Column by column from the widest elastic one: two at most exist in practice.
  int excess = total_width(layout.widths, indent) - limit;
  while (excess > 0) {
    int* widest = nullptr;
    for (std::size_t i = 0; i < layout.shown.size(); ++i)
      if (columns[layout.shown[i]].fit == TextTable::Fit::elastic &&
          layout.widths[i] > kLeastElastic && (!widest || layout.widths[i] > *widest))
        widest = &layout.widths[i];
    // Nothing left to give: the line is cut at the limit.
    if (!widest)
      break;
    --*widest;
    --excess;
  }
  return layout;
}

std::string line_of(const std::vector<std::string>& cells, const Layout& layout,
                    const std::vector<TextTable::Column>& columns, int limit, int indent) {
  std::string line = spaces(indent);
  for (std::size_t i = 0; i < layout.shown.size(); ++i) {
    if (i > 0)
      line += spaces(kGap);
    const std::size_t column = layout.shown[i];
    // By width on the screen: a letter may have several bytes, or take two columns.
    const std::string cell = cut_to_width(cells[column], layout.widths[i]);
    const std::string padding = spaces(layout.widths[i] - display_width(cell));
    const bool right = columns[column].align == TextTable::Align::right;
    line += right ? padding + cell : cell + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return (limit > 0 ? cut_to_width(line, limit) : line) + "\n";
}

std::string details_of(const std::vector<std::string>& cells, const Layout& layout,
                       const std::vector<TextTable::Column>& columns, int limit, int indent) {
  // A detail goes to a line of its own rather than be broken.
  constexpr int kDeeper = 2;
  std::string out;
  std::string line;
  for (const std::size_t column : layout.beneath) {
    if (cells[column].empty())
      continue;
    const std::string part = lower_ascii(columns[column].title) + ": " + cells[column];
    if (line.empty()) {
      line = part;
    } else if (indent + kDeeper + display_width(line) + 2 + display_width(part) <= limit) {
      line += "; " + part;
    } else {
      out += wrapped(line, limit, indent + kDeeper);
      line = part;
    }
  }
  return line.empty() ? out : out + wrapped(line, limit, indent + kDeeper);
}

}  // namespace

std::vector<int> TextTable::natural_widths() const {
  std::vector<int> widths;
  for (const Column& column : columns_)
    widths.push_back(display_width(column.title));
  for (const auto& cells : rows_)
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(cells[i]));
  return widths;
}

std::string TextTable::render(int columns, int indent) const {
  const Layout layout = lay_out(columns_, natural_widths(), columns, indent);
  std::vector<std::string> titles;
  for (const Column& column : columns_)
    titles.emplace_back(column.title);
  std::string out = line_of(titles, layout, columns_, columns, indent);
  for (const auto& cells : rows_) {
    out += line_of(cells, layout, columns_, columns, indent);
    out += details_of(cells, layout, columns_, columns, indent);
  }
  return out;
}

std::string wrapped(const std::string& text, int columns, int indent) {
  if (columns <= 0)
    return spaces(indent) + text + "\n";
  const int room = std::max(columns - indent, 1);
  std::string out;
  std::string line;
  int used = 0;
  const auto end_line = [&] {
    out += spaces(indent) + line + "\n";
    line.clear();
    used = 0;
  };
  for (const std::string& word : split(text, ' ')) {
    if (word.empty())
      continue;
    const int width = display_width(word);
    if (used > 0 && used + 1 + width > room)
      end_line();
    if (used > 0) {
      line += ' ';
      ++used;
    }
    // A word longer than a line is broken between code points.
    for (std::string_view rest = word; !rest.empty();) {
      const std::size_t bytes = first_code_point(rest).bytes;
      const int step = display_width(rest.substr(0, bytes));
      if (used > 0 && used + step > room)
        end_line();
      line += rest.substr(0, bytes);
      used += step;
      rest.remove_prefix(bytes);
    }
  }
  if (!line.empty() || out.empty())
    end_line();
  return out;
}

}  // namespace backglance
