// SPDX-License-Identifier: Apache-2.0
#include "cli/option_values.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "glance/connection_url.h"

namespace backglance {

std::chrono::seconds duration_in(const std::string& given, const std::string& text,
                                 std::chrono::seconds least) {
  constexpr std::int64_t kSecondsOfDay = 86400;
  const auto duration = parse_duration(text);
  if (!duration || *duration < least)
    throw Error(ErrorKind::usage,
                fmt::format("{}: must be a time from {}s to {}d with a unit, such as 90s, 30m, 8h, "
                            "180d or 26w",
                            given, least.count(), kLongestDuration.count() / kSecondsOfDay));
  return *duration;
}

std::chrono::seconds duration_option(const std::string& name, const std::string& text,
                                     std::chrono::seconds least) {
  return duration_in(fmt::format("{} {}", name, printable(text)), text, least);
}

std::int64_t size_option(const std::string& name, const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0)
    throw Error(ErrorKind::usage,
                fmt::format("{} {}: must be a size from 1B to 8191P with a unit, such as 65536B, "
                            "500M or 2T",
                            name, printable(text)));
  return static_cast<std::int64_t>(*bytes);
}

std::int64_t rate_option(const std::string& name, const std::string& text) {
  return size_option(name, text.ends_with("/s") ? text.substr(0, text.size() - 2) : text);
}

DatabaseUrl database_option(const std::string& name, const std::string& url) {
  try {
    return connectable(parse_database_url(url));
  } catch (const Error& error) {
    throw error.within(name);
  }
}

SiteKey key_option(const std::string& name, const std::string& file, SiteKey::Part part) {
  try {
    return SiteKey::read(file, part);
  } catch (const Error& error) {
    throw error.within(name);
  }
}

}  // namespace backglance
