// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

namespace backglance {
namespace {

// The six bits of a character, or -1.
int value_of(char character, Base64Alphabet alphabet) {
  if (character >= 'A' && character <= 'Z')
    return character - 'A';
  if (character >= 'a' && character <= 'z')
    return character - 'a' + 26;
  if (character >= '0' && character <= '9')
    return character - '0' + 52;
  const bool url_safe = alphabet == Base64Alphabet::url_safe;
  if (character == '+' || (url_safe && character == '-'))
    return 62;
  return character == '/' || (url_safe && character == '_') ? 63 : -1;
}

}  // namespace

// As Python's b64decode without `validate`, which Glance and cursive call: characters outside the
// alphabet are skipped, and what follows the padding is ignored.
std::optional<std::vector<unsigned char>> decode_base64(std::string_view text,
                                                        Base64Alphabet alphabet) {
  std::vector<unsigned char> bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int in_group = 0;  // characters of the group of four that were seen
  int padding = 0;   // in a row, but for characters that are passed over
  for (const char character : text) {
    if (character == '=') {
      // Only behind two characters it can end a group.
      if (in_group >= 2 && in_group + ++padding >= 4)
        return bytes;
      continue;
    }
    const int value = value_of(character, alphabet);
    if (value < 0)
      continue;
    padding = 0;
    bits = bits << 6 | static_cast<unsigned>(value);
    if (in_group > 0)
      bytes.push_back(static_cast<unsigned char>(bits >> (6 - 2 * in_group) & 0xff));
    in_group = (in_group + 1) % 4;
  }
  return in_group == 0 ? std::optional(bytes) : std::nullopt;
}

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) : 0U;
  };
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    text += kAlphabet[group >> 18 & 63];
    text += kAlphabet[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return text;
}

}  // namespace backglance
