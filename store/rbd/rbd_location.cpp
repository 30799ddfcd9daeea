// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/rbd_location.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::string_view kPrefix = "rbd://";

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// As urllib.parse.unquote: what is no "%XX" stays.
std::string unquoted(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        result += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    result += text[i];
  }
  return result;
}

bool is_name(const std::string& part) {
  return !part.empty() && part.find('\0') == std::string::npos;
}

}  // namespace

std::optional<RbdAddress> read_rbd_address(const Location& location) {
  std::string_view uri = location.uri;
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!uri.starts_with(kPrefix) || !std::ranges::all_of(uri, is_ascii))
    return std::nullopt;
  uri.remove_prefix(kPrefix.size());
  RbdAddress address;
  if (uri.find('/') == std::string_view::npos) {
    address.image = uri;
    return is_name(address.image) ? std::optional(address) : std::nullopt;
  }
  const std::vector<std::string> parts = split(uri, '/');
  if (parts.size() != 4)
    return std::nullopt;
  address = {.fsid = lower_ascii(unquoted(parts[0])),
             .pool = unquoted(parts[1]),
             .snapshot = unquoted(parts[3]),
             .image = unquoted(parts[2])};
  if (!is_name(address.fsid) || !is_name(address.pool) || !is_name(address.image) ||
      !is_name(address.snapshot))
    return std::nullopt;
  return address;
}

}  // namespace backglance
