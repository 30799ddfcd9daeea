// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace backglance {

// Parses one line of a file that a stranger may have written. Limits the number of values and the
// nesting, so that memory stays a small multiple of the text. Returns a discarded value
// (is_discarded()) if the text is not JSON or exceeds these limits.
nlohmann::json parse_json(std::string_view text);

// The text of the member `name`. Empty if there is no such member, if it is not a string, or if
// `object` is not an object.
std::string text_member(const nlohmann::json& object, const std::string& name);

// Makes JSON that nlohmann's dump() wrote safe to show on a terminal, without a change of its
// meaning: invisible characters (base/utf8.h) become \uNNNN, which a parser reads as themselves.
std::string safe_json(std::string dumped);

}  // namespace backglance
