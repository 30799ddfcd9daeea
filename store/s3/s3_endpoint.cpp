// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::array<std::string_view, 2> kAwsDomains = {".amazonaws.com", ".amazonaws.com.cn"};
constexpr std::string_view kLowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kDigits = "0123456789";

bool consists_of(std::string_view text, std::string_view letters, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return letters.find(c) != std::string_view::npos || others.find(c) != std::string_view::npos;
  });
}

bool is_address(std::string_view host) {
  return host.starts_with('[') || consists_of(host, kDigits, ".");
}

// Whether a host name may begin with it (RFC 1123). With a dot in it, no certificate of the
// endpoint covers the name ("*.host" is for one label).
bool is_host_label(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 &&
         consists_of(bucket, kLowerAlphanumeric, "-") && bucket.front() != '-' &&
         bucket.back() != '-';
}

// The port, empty for the default; nothing if it is none.
std::optional<std::string> port_of(std::string_view text, bool is_tls) {
  unsigned int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535)
    return std::nullopt;
  return port == (is_tls ? 443U : 80U) ? std::string() : std::to_string(port);
}

}  // namespace

bool S3Endpoint::is_aws() const {
  return std::ranges::any_of(kAwsDomains,
                             [&](std::string_view domain) { return host.ends_with(domain); });
}

std::variant<S3Endpoint, std::string> parse_s3_endpoint(std::string_view text) {
  const std::string url = lower_ascii(trim(text));
  if (url.empty())
    return "is not set";
  S3Endpoint endpoint;
  std::size_t begin = 0;
  if (url.starts_with("https://"))
    begin = 8;
  else if (url.starts_with("http://"))
    begin = 7;
  endpoint.is_tls = begin != 7;
  const std::string rest = url.substr(begin);
  if (rest.find_first_of("@?#\\") != std::string::npos)
    return "must be the URL of a server, without a user and without '?' and '#'";

  const std::string authority = rest.substr(0, rest.find('/'));
  // In the case in which it was written, and without '/' at the end.
  const std::string_view path = trim(text).substr(begin + authority.size());
  const auto last = path.find_last_not_of('/');
  if (last != std::string_view::npos)
    endpoint.base = s3_encode(path.substr(0, last + 1), "/");

  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string::npos)
    return "has an address with '[' and without ']'";
  const auto colon = authority.find(':', bracket);
  endpoint.host = authority.substr(0, colon);
  if (colon != std::string::npos) {
    const auto port = port_of(authority.substr(colon + 1), endpoint.is_tls);
    if (!port)
      return "has a port that is not a number from 1 to 65535";
    endpoint.port = *port;
  }
  const std::string_view host = endpoint.host;
  const bool is_name = host.starts_with('[')
                           ? consists_of(host.substr(1), "0123456789abcdef", ":.]") &&
                                 host.find(']') == host.size() - 1
                           : consists_of(host, kLowerAlphanumeric, "-._");
  if (!is_name)
    return "does not have the name or the address of a server";
  if (begin == 0 && !endpoint.is_aws())
    return "has no scheme: write https:// or http:// in front of it";
  return endpoint;
}

std::string s3_region_of(std::string_view host) {
  for (const std::string_view domain : kAwsDomains) {
    if (!host.ends_with(domain))
      continue;
    host.remove_suffix(domain.size());
    if (host.ends_with(".vpce"))
      host.remove_suffix(5);
    // "s3.eu-west-1", "s3.dualstack.eu-west-1", and of older days "s3-eu-west-1".
    const auto dot = host.rfind('.');
    std::string_view label = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (label.starts_with("s3-"))
      label.remove_prefix(3);
    return label.find('-') != std::string_view::npos &&
                   kDigits.find(label.back()) != std::string_view::npos && !label.starts_with("ext")
               ? std::string(label)
               : std::string();
  }
  return {};
}

std::string S3Target::url(const S3Fields& query) const {
  return origin + path + (query.empty() ? "" : "?" + s3_query(query));
}

S3Target s3_target(const S3Endpoint& endpoint, S3UrlFormat format, std::string_view bucket,
                   std::string_view key) {
  // An interface endpoint in a private network has names of its own for buckets.
  const bool prefers_host = format == S3UrlFormat::virtual_host ||
                            (format == S3UrlFormat::automatic && endpoint.is_aws() &&
                             endpoint.host.find(".vpce.") == std::string::npos);
  S3Target target;
  target.path = endpoint.base + "/";
  if (prefers_host && is_host_label(bucket) && !is_address(endpoint.host)) {
    target.host = std::string(bucket) + "." + endpoint.authority();
  } else {
    target.host = endpoint.authority();
    target.path += s3_encode(bucket);
    if (!key.empty())
      target.path += "/";
  }
  target.path += s3_encode(key, "/");
  target.origin = (endpoint.is_tls ? "https://" : "http://") + target.host;
  return target;
}

}  // namespace backglance
