// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/s3/s3_location.h"

namespace backglance {

// Signs requests with AWS Signature Version 4 in an Authorization header, for the service "s3" and
// for requests without a body. See docs.aws.amazon.com, "Amazon S3 API Reference", "Signature
// Calculations for the Authorization Header: Transferring Payload in a Single Chunk". libcurl can
// sign too, but differently in each version: 7.88 sends no x-amz-content-sha256, and it changed the
// encoding of the path in 8.9 and 8.14.

using S3Fields = std::vector<std::pair<std::string, std::string>>;

struct S3Unsigned {
  std::string method = "GET";
  std::string host;  // as it goes out in Host: lower case, with a port that is not the default
  std::string path = "/";  // percent-encoded (s3_encode), begins with '/'
  S3Fields query = {};     // neither encoded nor sorted
  // Headers to sign besides host and x-amz-*. Names in lower case, values without blanks at the
  // ends. Not returned.
  S3Fields also_signed = {};
};

// The headers to add to the request: authorization, x-amz-content-sha256, x-amz-date. The first
// contains the access key, so it is a secret.
S3Fields s3_signature(const S3Unsigned& request, const S3Keys& keys, std::string_view region,
                      std::chrono::system_clock::time_point now);

// Percent-encodes every byte but A-Z a-z 0-9 - . _ ~, with upper-case digits. `kept`: a further
// character that stays as it is, "/" for a path.
std::string s3_encode(std::string_view text, std::string_view kept = {});
// "a=1&b=2": encoded, sorted by name and value; as it is signed and sent.
std::string s3_query(const S3Fields& query);

}  // namespace backglance
