// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace backglance {

// An access key and its secret. Both are secrets here: neither is ever printed.
struct S3Keys {
  std::string access;
  std::string secret;

  bool are_set() const { return !access.empty() && !secret.empty(); }
};

// What a location of Glance's s3 driver says:
//   s3://ACCESS:SECRET@HOST/BUCKET/KEY     (also s3+http://, s3+https://)
//   s3://HOST/BUCKET/KEY                   without keys: rows of Glance 2026.2 and later
struct S3Location {
  std::string host;    // HOST, perhaps with a path. Only compared: it is never asked, see S3Store.
  std::string bucket;  // letters, digits, '.', '-', '_': what botocore accepts
  std::string key;     // bytes as they are; nothing in a location is percent-encoded
  S3Keys keys;         // empty: the location has none
};

// Parses a location as glance_store's s3 driver does (_drivers/s3.py, StoreLocation.parse_uri): by
// hand, because secrets contain '/' and '+'. What stands after the last '/' is the key, and before
// it the bucket. A '?' or '#' ends the location. Without a ':' in it, a secret may contain anything
// else but '@', and unlike in the driver also "//".
// Returns the reason, without any part of the location, for what the driver cannot read either.
std::variant<S3Location, std::string> parse_s3_location(std::string_view uri);

}  // namespace backglance
