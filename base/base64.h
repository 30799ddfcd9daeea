// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// Of RFC 4648: section 4, or section 5 and 4 mixed at will, as Python's urlsafe_b64decode takes it.
enum class Base64Alphabet { standard, url_safe };

// What Python's base64.b64decode(text) or urlsafe_b64decode(text) gives, which is how OpenStack
// reads it: it passes over every byte that is not of the alphabet, ends at the padding of a group
// and ignores what follows, and lets padding in other places pass. Nothing where Python raises
// binascii.Error: the last group has one digit, or no padding.
std::optional<std::vector<unsigned char>> decode_base64(
    std::string_view text, Base64Alphabet alphabet = Base64Alphabet::standard);

// RFC 4648, section 4, with its padding.
std::string encode_base64(std::string_view bytes);

}  // namespace backglance
