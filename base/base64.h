// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// The alphabets of RFC 4648. `standard` is section 4. `url_safe` accepts sections 5 and 4 in one
// text, as Python's urlsafe_b64decode does.
enum class Base64Alphabet { standard, url_safe };

// Decodes like Python's base64.b64decode(text) or urlsafe_b64decode(text), because OpenStack uses
// these. Bytes outside the alphabet are skipped. Decoding ends at the padding of a group, and
// whatever follows is ignored. Padding in other places is skipped. Returns nothing where Python
// raises binascii.Error: the last group has only one digit, or has no padding.
std::optional<std::vector<unsigned char>> decode_base64(
    std::string_view text, Base64Alphabet alphabet = Base64Alphabet::standard);

// Encodes by RFC 4648, section 4, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace backglance
