// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "store/s3/sigv4.h"

namespace backglance {

// The server that s3_store_host names: the only one that is ever asked.
struct S3Endpoint {
  bool is_tls = true;
  std::string host;  // lower case; an IPv6 address in brackets
  std::string port;  // empty: the scheme's own
  std::string base;  // a path in front of all buckets, "/s3" or empty

  std::string authority() const { return port.empty() ? host : host + ":" + port; }
  // An AWS host: its name tells the region.
  bool is_aws() const;
};

// Parses s3_store_host. Without a scheme it must be the name of an AWS host, as botocore requires;
// it is asked with https then, whatever the scheme of a row is: no key goes over plain HTTP to a
// host for which the operator did not write http://.
// Returns what is wrong, to follow the name of the option: "has no scheme: ...".
std::variant<S3Endpoint, std::string> parse_s3_endpoint(std::string_view text);

// The region in the name of an AWS host: "eu-west-1" of s3.eu-west-1.amazonaws.com. Empty: it tells
// none.
std::string s3_region_of(std::string_view host);

// s3_store_bucket_url_format. `automatic`: as `virtual_host` for AWS, else as `path`.
enum class S3UrlFormat { automatic, path, virtual_host };

// Where one object or one bucket is.
struct S3Target {
  std::string origin;  // "https://bucket.host:port"
  std::string host;    // "bucket.host:port", as Host: has it
  std::string path;    // "/bucket/key", percent-encoded

  std::string url(const S3Fields& query) const;
};

// `key` empty: the bucket itself. A bucket whose name cannot be a part of a host name, or an
// endpoint that is an address, is addressed by path whatever the format is.
S3Target s3_target(const S3Endpoint& endpoint, S3UrlFormat format, std::string_view bucket,
                   std::string_view key);

}  // namespace backglance
