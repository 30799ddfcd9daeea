// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <nlohmann/json.hpp>

namespace backglance {

using nlohmann::json;

json parse_json(std::string_view text) {
  // An envelope with several signatures, or a statement with every digest, has some dozens.
  constexpr int kMostValues = 1000;
  constexpr int kDeepest = 16;
  int values = 0;
  bool within = true;
  // What it refuses is passed over and not kept.
  const auto keep = [&](int depth, json::parse_event_t event, json&) {
    if (event != json::parse_event_t::object_end && event != json::parse_event_t::array_end)
      within = within && ++values <= kMostValues && depth < kDeepest;
    return within;
  };
  json value = json::parse(text, keep, /*allow_exceptions=*/false);
  return within ? value : json(json::value_t::discarded);
}

std::string text_member(const json& object, const std::string& name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace backglance
