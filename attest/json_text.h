#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace backglance {

// The member of that name; empty if there is none, if it is no text, or `object` no object.
inline std::string text_member(const nlohmann::json& object, const std::string& name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace backglance
