// SPDX-License-Identifier: Apache-2.0
#include "report/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace backglance {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// The marks of the scripts that names are likely to be written in, joiners, and variation
// selectors.
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x05BF, 0x05BF},
    Range{0x05C1, 0x05C2},   Range{0x05C4, 0x05C5}, Range{0x0610, 0x061A}, Range{0x061C, 0x061C},
    Range{0x064B, 0x065F},   Range{0x0670, 0x0670}, Range{0x06D6, 0x06DC}, Range{0x06DF, 0x06E4},
    Range{0x0900, 0x0902},   Range{0x093C, 0x093C}, Range{0x0941, 0x0948}, Range{0x094D, 0x094D},
    Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF},   Range{0x200B, 0x200F}, Range{0x2060, 0x2064}, Range{0x20D0, 0x20F0},
    Range{0x3099, 0x309A},   Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF},
    Range{0xE0001, 0xE01EF},
};

// Unicode's East Asian wide and full-width blocks, rounded to whole blocks, and emoji.
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x23E9, 0x23EC},
    Range{0x2614, 0x2615},   Range{0x26A1, 0x26A1},   Range{0x2705, 0x2705},
    Range{0x274C, 0x274C},   Range{0x2728, 0x2728},   Range{0x2E80, 0x303E},
    Range{0x3041, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x16FE0, 0x18AFF}, Range{0x1B000, 0x1B2FF},
    Range{0x1F1E6, 0x1F1FF}, Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
    Range{0x1F7E0, 0x1F7EB}, Range{0x1F900, 0x1F9FF}, Range{0x1FA70, 0x1FAFF},
    Range{0x20000, 0x3FFFD},
};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t value) {
  const auto* const at =
      std::upper_bound(ranges.begin(), ranges.end(), value,
                       [](char32_t wanted, const Range& range) { return wanted < range.first; });
  return at != ranges.begin() && value <= std::prev(at)->last;
}

int width_of(char32_t value) {
  if (value < 0x300)
    return 1;
  if (contains(kZeroWidth, value))
    return 0;
  return contains(kWide, value) ? 2 : 1;
}

bool reorders_or_breaks(char32_t value) {
  return (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

CodePoint first_code_point(std::string_view text) {
  constexpr CodePoint kBad{0xFFFD, 1};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return kBad;
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return kBad;
    value = (value << 6) | (byte(i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return kBad;
  return {value, length};
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const bool bad = point.value == 0xFFFD && point.bytes == 1;
    out += bad ? kReplacement : text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string shown(std::string_view text, std::size_t max_bytes) {
  const std::string safe = printable(text, max_bytes);
  std::string out;
  out.reserve(safe.size());
  for (std::string_view rest = safe; !rest.empty();) {
    const CodePoint point = first_code_point(rest);
    if (reorders_or_breaks(point.value))
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(point.value));
    else
      out += rest.substr(0, point.bytes);
    rest.remove_prefix(point.bytes);
  }
  return out;
}

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
