// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backglance {

// The code point that `text` (not empty) begins with. Bytes that are not UTF-8 give U+FFFD, one
// byte at a time: an overlong form, a surrogate or a code point above U+10FFFF is not UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;

  // U+FFFD itself has three bytes.
  bool is_bad() const { return value == 0xFFFD && bytes == 1; }
};
CodePoint first_code_point(std::string_view text);

// True for a character that a terminal, an editor or a browser obeys and does not show: control
// characters (U+0000-U+001F, U+007F-U+009F), those that reverse the direction of writing or break
// a line (U+2028-U+202E, U+2066-U+2069, U+200E, U+061C, ...) and other invisible format characters
// (U+FEFF, U+200B, tags). Text with them can look like other text. The two joiners U+200C and
// U+200D are not among them, because several scripts cannot be written without.
bool is_invisible(char32_t value);

// True if all of `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

// `text` with each byte that is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace backglance
