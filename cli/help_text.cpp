// SPDX-License-Identifier: Apache-2.0
#include "cli/help_text.h"

#include <sstream>

namespace backglance {
namespace {

// Wide enough for all names except a few, and narrow enough for several words of text.
constexpr std::size_t kTextColumn = 28;

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t used) {
  std::istringstream words(text);
  std::string lines;
  bool begins_line = true;
  for (std::string word; words >> word; begins_line = false) {
    if (!begins_line && used + 1 + word.size() > kHelpColumns) {
      lines += '\n' + std::string(indent, ' ');
      used = indent;
      begins_line = true;
    }
    lines += (begins_line ? "" : " ") + word;
    used += word.size() + (begins_line ? 0 : 1);
  }
  return lines + '\n';
}

std::string help_entry(const std::string& name, const std::string& text) {
  std::string entry = "  " + name;
  // At least two spaces are between a name and its text.
  if (entry.size() + 2 > kTextColumn)
    entry += '\n' + std::string(kTextColumn, ' ');
  else
    entry.resize(kTextColumn, ' ');
  return entry + wrapped(text, kTextColumn, kTextColumn);
}

}  // namespace backglance
