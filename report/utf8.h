// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backglance {

// The code point that `text` (not empty) begins with. Bytes that are not UTF-8 give U+FFFD, one
// byte at a time.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};
CodePoint first_code_point(std::string_view text);

// `text` with each byte that is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

// printable() of base/text.h that also shows the characters which reorder a line or break it
// (U+2028..U+202E, U+2066..U+2069) as \uNNNN: a name must not rearrange the text around it.
std::string shown(std::string_view text, std::size_t max_bytes = 200);

// Columns that a terminal gives to `text`: two for wide East Asian characters and emoji, none for
// combining marks. Independent of the locale. A guess for joined emoji, as it is in terminals.
int display_width(std::string_view text);

// `text`, or as much of it as fits with "..." behind it. Never wider than `columns`.
std::string cut_to_width(std::string_view text, int columns);

}  // namespace backglance
