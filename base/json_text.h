// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace backglance {

// The value that a line of a file has: of few values, and little nesting, so that it needs no more
// memory than a small multiple of the text. Discarded if it is no JSON, or has more.
nlohmann::json parse_json(std::string_view text);

// The member of that name; empty if there is none, if it is no text, or `object` no object.
inline std::string text_member(const nlohmann::json& object, const std::string& name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace backglance
