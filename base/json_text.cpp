// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/utf8.h"

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

std::string safe_json(std::string dumped) {
  // Most is ASCII, and dump() escapes what is below U+0020.
  if (std::all_of(dumped.begin(), dumped.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x7F; }))
    return dumped;
  std::string out;
  out.reserve(dumped.size());
  for (std::string_view rest = dumped; !rest.empty();) {
    const CodePoint point = first_code_point(rest);
    // Line ends and blanks of dump() itself.
    if (point.value < 0x7F || !is_invisible(point.value)) {
      out += rest.substr(0, point.bytes);
    } else if (point.value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point.value));
    } else {
      const std::uint32_t above = static_cast<std::uint32_t>(point.value) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (above >> 10), 0xDC00 + (above & 0x3FF));
    }
    rest.remove_prefix(point.bytes);
  }
  return out;
}

}  // namespace backglance
