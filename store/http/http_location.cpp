// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_location.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "store/net/address_policy.h"

namespace backglance {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;
constexpr int kLastPort = 65535;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_digit(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_escape(text.substr(i))) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// What is encoded already stays as it is.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kAllowed = "-._~!$&'()*+,/:;=?@[]";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_letter_or_digit(c) || kAllowed.find(c) != std::string_view::npos ||
        is_escape(text.substr(i)))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// Sets host and port.
bool read_server(std::string_view server, HttpLocation& location) {
  std::string_view port;
  std::string_view host = server;
  if (server.starts_with('[')) {
    const auto close = server.find(']');
    if (close == std::string_view::npos)
      return false;
    host = server.substr(1, close - 1);
    port = server.substr(close + 1);
    if (host.find(':') == std::string_view::npos || !parse_address(host))
      return false;
  } else {
    const auto colon = std::min(server.find(':'), server.size());
    host = server.substr(0, colon);
    port = server.substr(colon);
    if (host.empty() || !std::ranges::all_of(host, [](char c) {
          return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
        }))
      return false;
  }
  location.host = lower_ascii(host);
  location.port = location.is_tls ? kHttpsPort : kHttpPort;
  if (port.empty() || port == ":")
    return true;
  const std::string_view digits = port.substr(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), location.port);
  return port.front() == ':' && is_digit(digits.front()) && error == std::errc() &&
         end == digits.data() + digits.size() && location.port >= 1 && location.port <= kLastPort;
}

bool read_credentials(std::string_view credentials, HttpLocation& location) {
  if (credentials.empty())
    return true;
  if (std::ranges::count(credentials, ':') != 1)
    return false;
  const auto colon = credentials.find(':');
  const auto part = [](std::string_view text) { return percent_decoded(text); };
  location.user = part(credentials.substr(0, colon));
  location.password = part(credentials.substr(colon + 1));
  if (location.user.empty())
    location.password.clear();
  // A NUL would end the text that libcurl gets.
  return location.user.find('\0') == std::string::npos &&
         location.password.find('\0') == std::string::npos;
}

}  // namespace

std::string HttpLocation::server() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string HttpLocation::url() const {
  return fmt::format("{}://{}{}", is_tls ? "https" : "http", server(), target);
}

std::optional<HttpLocation> parse_http_location(std::string_view uri) {
  std::string text(trim(uri));
  // As urlparse(), which removes them wherever they are.
  std::erase_if(text, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  HttpLocation location;
  std::string_view rest = text;
  const auto take_scheme = [&](std::string_view scheme) {
    if (!rest.starts_with(scheme))
      return false;
    rest.remove_prefix(scheme.size());
    return true;
  };
  location.is_tls = take_scheme("https://");
  if (!location.is_tls && !take_scheme("http://"))
    return std::nullopt;
  rest = rest.substr(0, rest.find('#'));
  const auto after_server = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view server = rest.substr(0, after_server);
  rest.remove_prefix(after_server);
  if (const auto at = server.find('@'); at != std::string_view::npos) {
    if (server.find('@', at + 1) != std::string_view::npos ||
        !read_credentials(server.substr(0, at), location))
      return std::nullopt;
    server.remove_prefix(at + 1);
  }
  if (!read_server(server, location))
    return std::nullopt;

  const auto query = std::min(rest.find('?'), rest.size());
  std::string_view path = rest.substr(0, query);
  // urlparse() takes the parameters off the last part, and Glance's driver drops them.
  const auto last_part = path.rfind('/');
  const auto parameters = path.find(';', last_part == std::string_view::npos ? 0 : last_part);
  path = path.substr(0, parameters);
  location.target =
      percent_encoded(path.empty() ? "/" : path) + percent_encoded(rest.substr(query));
  return location;
}

}  // namespace backglance
