// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <utf8proc.h>

namespace backglance {

CodePoint first_code_point(std::string_view text) {
  // Most text is ASCII, and a name may be long.
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80)
    return {lead, 1};
  text = text.substr(0, 4);  // the longest form
  utf8proc_int32_t value = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &value);
  if (length <= 0)
    return {0xFFFD, 1};
  return {static_cast<char32_t>(value), static_cast<std::size_t>(length)};
}

bool is_invisible(char32_t value) {
  constexpr char32_t kNonJoiner = 0x200C;
  constexpr char32_t kJoiner = 0x200D;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(value))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    case UTF8PROC_CATEGORY_CF:
      return value != kNonJoiner && value != kJoiner;
    default:
      return false;
  }
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.is_bad())
      return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    out += point.is_bad() ? kReplacement : text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return out;
}

}  // namespace backglance
