// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_location.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool has_only(std::string_view text, std::string_view others) {
  for (const char c : text)
    if (kLetters.find(c) == std::string_view::npos && kDigits.find(c) == std::string_view::npos &&
        others.find(c) == std::string_view::npos)
      return false;
  return true;
}

int digit_of(char c) {
  int value = 0;
  const auto [used, error] = std::from_chars(&c, &c + 1, value, 16);
  return error == std::errc() && used == &c + 1 ? value : -1;
}

// The scheme of the location, and the scheme of the URL in it. Case counts, as in the driver.
struct Scheme {
  std::string_view prefix;
  std::string_view of_url;  // empty: a reference
};
constexpr Scheme kForms[] = {{"swift+config://", ""},
                             {"swift+https://", "https://"},
                             {"swift+http://", "http://"},
                             {"swift://", "https://"}};

// "." and ".." would be other objects: clients and servers take such parts out of a path.
bool is_name(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('\0') == std::string_view::npos;
}

}  // namespace

std::optional<SwiftUrl> parse_swift_url(std::string_view url) {
  SwiftUrl parts;
  for (const std::string_view scheme : {"http", "https"})
    if (url.starts_with(fmt::format("{}://", scheme)))
      parts.scheme = scheme;
  if (parts.scheme.empty())
    return std::nullopt;
  url.remove_prefix(parts.scheme.size() + 3);
  const auto end = std::min(url.find('/'), url.size());
  std::string_view host = url.substr(0, end);
  parts.path = url.substr(end);
  while (parts.path.ends_with('/'))
    parts.path.pop_back();
  // A part of the path that leads upwards, a query, a blank or a line end: no URL of a server.
  if (!has_only(parts.path, "/._-~%:+,;=@!$&'()*") ||
      (parts.path + '/').find("/../") != std::string::npos)
    return std::nullopt;
  parts.port = parts.scheme == "https" ? 443 : 80;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto [used, error] = std::from_chars(port.data(), port.data() + port.size(), parts.port);
    if (error != std::errc() || used != port.data() + port.size() || parts.port < 1 ||
        parts.port > 65535)
      return std::nullopt;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    parts.host = lower_ascii(host.substr(1, host.size() - 2));
    if (!has_only(parts.host, ":."))
      return std::nullopt;
  } else {
    parts.host = lower_ascii(host);
    if (!has_only(parts.host, ".-_"))
      return std::nullopt;
  }
  if (parts.host.empty())
    return std::nullopt;
  return parts;
}

std::string quote_swift_name(std::string_view name) {
  std::string quoted;
  for (const char c : name)
    if (has_only({&c, 1}, "_.-~/"))
      quoted += c;
    else
      quoted += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return quoted;
}

std::string unquote_swift_name(std::string_view quoted) {
  std::string name;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    // As Python's unquote(): a '%' that begins no byte stays.
    const int high = quoted[i] == '%' && i + 2 < quoted.size() ? digit_of(quoted[i + 1]) : -1;
    const int low = high < 0 ? -1 : digit_of(quoted[i + 2]);
    if (low < 0) {
      name += quoted[i];
      continue;
    }
    name += static_cast<char>(16 * high + low);
    i += 2;
  }
  return name;
}

std::optional<SwiftLocation> parse_swift_location(const std::string& uri) {
  const auto first = uri.find("://");
  if (first == std::string::npos || uri.find("://", first + 3) != std::string::npos)
    return std::nullopt;
  const Scheme* scheme = nullptr;
  for (const Scheme& one : kForms)
    if (uri.starts_with(one.prefix))
      scheme = &one;
  if (scheme == nullptr)
    return std::nullopt;
  std::string rest = uri.substr(scheme->prefix.size());
  // What Python's urlparse() does: the location ends at a query or a fragment.
  std::erase_if(rest, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  rest.resize(std::min(rest.find_first_of("?#"), rest.size()));
  const auto slash = rest.find('/');
  if (slash == std::string::npos || slash == 0)
    return std::nullopt;
  std::string host = rest.substr(0, slash);
  std::string_view path = std::string_view(rest).substr(slash);

  SwiftLocation location;
  const auto last = path.rfind('/');
  location.object = path.substr(last + 1);
  path = path.substr(0, last);
  const auto before = path.rfind('/');
  if (before == std::string_view::npos)
    return std::nullopt;
  location.container = path.substr(before + 1);
  path = path.substr(0, before);
  if (!is_name(location.object) || !is_name(location.container))
    return std::nullopt;

  if (scheme->of_url.empty()) {
    location.reference = std::move(host);
    return path.empty() ? std::optional(location) : std::nullopt;
  }
  location.form = SwiftLocation::Form::storage_url;
  if (const auto at = host.find('@'); at != std::string::npos) {
    if (host.find('@', at + 1) != std::string::npos)
      return std::nullopt;
    // Decoded as a whole, and only then split: as the driver does.
    const std::string credentials = unquote_swift_name(std::string_view(host).substr(0, at));
    const auto colon = credentials.rfind(':');
    // A line end in a header would begin another header.
    if (colon == std::string::npos ||
        credentials.find_first_of("\r\n\0", 0, 3) != std::string::npos)
      return std::nullopt;
    location.form = SwiftLocation::Form::credentials;
    location.user = credentials.substr(0, colon);
    location.key = credentials.substr(colon + 1);
    host.erase(0, at + 1);
  }
  while (path.ends_with('/'))
    path.remove_suffix(1);
  location.url = fmt::format("{}{}{}", scheme->of_url, host, path);
  if (!parse_swift_url(location.url))
    return std::nullopt;
  return location;
}

}  // namespace backglance
