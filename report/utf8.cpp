// SPDX-License-Identifier: Apache-2.0
#include "report/utf8.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/text.h"

namespace backglance {
namespace {

// 0 for marks that combine, 2 for wide letters.
int width_of(char32_t value) {
  return utf8proc_charwidth(static_cast<utf8proc_int32_t>(value));
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    width += width_of(point.value);
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string cut_to_width(std::string_view text, int columns) {
  if (display_width(text) <= columns)
    return std::string(text);
  const std::string_view dots =
      std::string_view("...").substr(0, static_cast<std::size_t>(std::clamp(columns, 0, 3)));
  // A wide letter that does not fit whole is left out, so the result may be narrower.
  int left = columns - static_cast<int>(dots.size());
  std::string out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    left -= width_of(point.value);
    if (left < 0)
      break;
    out += text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return out + std::string(dots);
}

}  // namespace backglance
