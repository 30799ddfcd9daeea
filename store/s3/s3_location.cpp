// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_location.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace backglance {
namespace {

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string_view without_slashes(std::string_view text) {
  const auto first = text.find_first_not_of('/');
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of('/') - first + 1);
}

// Takes off the last part of a path, and its '/'.
std::string_view take_last_part(std::string_view& path) {
  const auto slash = path.rfind('/');
  const std::string_view part = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  return part;
}

bool is_bucket_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == "..")
    return false;
  return std::ranges::all_of(name, [](char c) {
    return kAlphanumeric.find(c) != std::string_view::npos || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

std::variant<S3Location, std::string> parse_s3_location(std::string_view uri) {
  // With case, as the driver compares them.
  constexpr std::array<std::string_view, 3> kPrefixes = {"s3://", "s3+http://", "s3+https://"};
  const auto prefix = std::ranges::find_if(
      kPrefixes, [&](std::string_view candidate) { return uri.starts_with(candidate); });
  if (prefix == kPrefixes.end())
    return "its location is not an s3 location";
  std::string_view rest = uri.substr(prefix->size());
  if (rest.find("://") != std::string_view::npos)
    return "its location has a second scheme";
  // The driver looks for '@' in all of it, and then for parts in what stands before '?' and '#'.
  const bool has_keys = rest.find('@') != std::string_view::npos;
  std::string clean(rest.substr(0, rest.find_first_of("?#")));
  // Python's urlparse drops these wherever they stand.
  std::erase_if(clean, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  std::string_view path = without_slashes(clean);

  S3Location location;
  if (has_keys) {
    const auto at = path.find('@');
    if (at == std::string_view::npos || path.find('@', at + 1) != std::string_view::npos)
      return "its location does not have its keys before one '@'";
    const std::string_view keys = path.substr(0, at);
    const auto colon = keys.find(':');
    if (colon == std::string_view::npos)
      return "its location does not have an access key and a secret before the '@'";
    // A second colon ends the secret: the driver reads no further.
    const auto end = keys.find(':', colon + 1);
    location.keys.access = keys.substr(0, colon);
    location.keys.secret = keys.substr(
        colon + 1, end == std::string_view::npos ? std::string_view::npos : end - colon - 1);
    path.remove_prefix(at + 1);
  }
  location.key = take_last_part(path);
  // An empty host will do, as in the driver: nobody asks it.
  const bool has_host = path.find('/') != std::string_view::npos;
  const std::string_view bucket = take_last_part(path);
  location.host = without_slashes(path);
  if (location.key.empty() || bucket.empty() || !has_host)
    return "its location does not have a host, a bucket and a key";
  if (!is_bucket_name(bucket))
    return "its bucket does not have the name of a bucket";
  // What S3 allows. The answers to other keys differ from server to server, and would be taken for
  // a fault of the whole store.
  constexpr std::size_t kLongestKey = 1024;
  if (location.key.size() > kLongestKey || !is_utf8(location.key) ||
      location.key.find('\0') != std::string::npos)
    return "its key is longer than 1024 bytes or not UTF-8, which no S3 store has";
  // A path with these would be another one on its way.
  if (location.key == "." || location.key == "..")
    return "its key is a dot, which no URL can carry";
  location.bucket = bucket;
  return location;
}

}  // namespace backglance
