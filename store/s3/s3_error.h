// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "store/attempt.h"

namespace backglance {

// An answer that is no success. Of its body only these are kept: bodies echo keys, hosts and names.
struct S3Error {
  int status = 0;
  std::string code;    // <Code>: letters and digits, "NoSuchKey"; empty: the answer has none
  std::string region;  // the region that the answer tells; empty: none
  std::chrono::seconds retry_after{0};
};

// `region_header`: the value of x-amz-bucket-region. Bodies are XML; a parser is not needed for two
// elements without attributes. What has other characters than a code or a region has is dropped.
S3Error read_s3_error(int status, std::string_view region_header, std::string_view body);

// The store refuses these keys: others may do. AccessDenied is one of them, because the user of the
// key may have lost a permission that another user has.
bool refuses_keys(const S3Error& error);

// The request was signed for another region than the bucket's. With the region, it can be repeated.
bool is_of_other_region(const S3Error& error);

// What the error says:
//   NoSuchKey                       missing
//   InvalidObjectState and a few    unreadable: the object is archived, encrypted by its owner
//   SlowDown, RequestTimeout, 5xx   transient
//   all others                      the place: bucket, keys, rights, clock, region, no S3 server
// A 404 without the code NoSuchKey says nothing of an image: it may be a proxy's.
AttemptFailure s3_failure(const S3Error& error);

}  // namespace backglance
