// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glance/site.h"
#include "store/s3/s3_endpoint.h"
#include "store/s3/s3_location.h"
#include "store/store_options.h"

namespace backglance {

// The options of glance_store's s3 driver that a reader needs (_drivers/s3.py, _S3_OPTS).
inline constexpr StoreOption kS3Options[] = {
    {"s3_store_host", ""},
    {"s3_store_region_name", ""},
    {"s3_store_access_key", "", /*is_secret=*/true},
    {"s3_store_secret_key", "", /*is_secret=*/true},
    {"s3_store_bucket", ""},
    {"s3_store_bucket_url_format", "auto"},
    {"s3_store_cacert", ""},
};

// One configured store.
struct S3Settings {
  std::string id;      // in enabled_backends; empty: an old-style store
  std::string group;   // where its options are: "[fast]", "[glance_store]"
  std::string bucket;  // s3_store_bucket; may be empty
  S3Keys keys;         // may be empty: rows have keys of their own
  S3Endpoint endpoint;
  S3UrlFormat format = S3UrlFormat::automatic;
  std::string region;       // for which requests are signed at first
  std::string authorities;  // s3_store_cacert: a PEM file; empty: the system's
  std::string problem;      // why it cannot be used as it is configured; empty: it can

  // "bucket images of store fast"; of an old-style store "... of the s3 store". `bucket` is the
  // name of a bucket, and no secret.
  std::string place(std::string_view bucket) const;
};

// Throws Error{usage} for a value that glance_store itself refuses: s3_store_bucket_url_format. A
// store that cannot be asked because an option is missing has a `problem`.
S3Settings read_s3_settings(const Store& store);

// The stores that may have the object of a row, the most likely first: the one with the row's id,
// else those with the row's host and bucket, else those with its bucket, else all. As Glance does
// with a row whose store id it does not know, which is ours if the site has renamed a store.
std::vector<const S3Settings*> s3_candidates(const std::vector<const S3Settings*>& stores,
                                             const S3Location& location, std::string_view store_id);

// The keys to try for an object, in this order: those in the row, then the configured ones.
//
// The configured keys are for the configured bucket alone. Whoever registers an image chooses the
// bucket in its location: with the operator's keys, the digest of an object in any of the
// operator's buckets would be published.
std::vector<S3Keys> s3_keys_for(const S3Settings& settings, const S3Location& location);

}  // namespace backglance
