// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_version.h"

#include <curl/curl.h>

#include <ctime>
#include <random>

#include "store/attempt.h"

namespace backglance {
namespace {

bool is_strong(const std::string& etag) {
  return etag.size() > 2 && etag.front() == '"' && etag.back() == '"';  // a weak one begins with W/
}

}  // namespace

HttpVersion HttpVersion::of(const TransferHead& head) {
  constexpr std::time_t kMinute = 60;
  constexpr int kPartialContent = 206;
  HttpVersion version;
  version.etag = head.header("etag");
  version.last_modified = head.header("last-modified");
  version.length = head.length;
  if (head.status == kPartialContent) {
    const auto range = head.content_range();
    // "/*": the server does not know it. A server may send less than was asked for, so the end of
    // the range is no end of the object.
    version.length = range ? range->whole : std::nullopt;
  }
  const std::time_t modified = curl_getdate(version.last_modified.c_str(), nullptr);
  const std::time_t now = curl_getdate(head.header("date").c_str(), nullptr);
  version.is_provable =
      is_strong(version.etag) || (modified != -1 && now != -1 && now - modified > kMinute);
  return version;
}

bool HttpVersion::is_same(const HttpVersion& other) const {
  const bool may_lack_date = is_strong(etag) && other.last_modified.empty();
  return etag == other.etag && (last_modified == other.last_modified || may_lack_date) &&
         (!length || length == other.length);
}

bool HttpVersion::agrees_with(const HttpVersion& other) const {
  const auto agree = [](const std::string& one, const std::string& two) {
    return one.empty() || two.empty() || one == two;
  };
  return agree(etag, other.etag) && agree(last_modified, other.last_modified) &&
         (!length || !other.length || length == other.length);
}

bool HttpVersion::is_proved_by(const HttpVersion& other) const {
  if (!is_provable || !agrees_with(other))
    return false;
  return is_strong(etag) ? etag == other.etag : last_modified == other.last_modified;
}

std::pair<std::string, std::string> HttpVersion::condition() const {
  if (is_strong(etag))
    return {"If-Match", etag};
  return {"If-Unmodified-Since", last_modified};
}

std::string HttpVersion::identity(const HttpLocation& location) const {
  if (is_provable)
    return network_identity("http", {location.url(), etag, last_modified,
                                     length ? std::to_string(*length) : std::string()});
  std::random_device random;
  return network_identity("http", {std::to_string(random()), std::to_string(random()),
                                   std::to_string(random()), std::to_string(random())});
}

}  // namespace backglance
