// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/image_result.h"
#include "glance/signature_verdict.h"

namespace backglance {

// An image that a run has leased, and the outcome of reading it.

struct Claim {
  std::string image_id;
  std::int64_t token = 0;
  std::int64_t size_bytes = 0;  // expected; 0 if unknown
  std::int64_t attempts = 0;    // before this one
  // Grows from one claim of a Queue to the next, in the order of the images in the queue. 0 if
  // images before this one were passed over.
  std::int64_t order = 0;
};

// The outcome of reading a claimed image.
struct ReadOutcome {
  ImageResult result = ImageResult::unreadable;
  std::string reason;  // one sentence without secrets; empty for hashed
  std::optional<std::int64_t> location_id;
  // That location as Glance stored it when it was read: a secret, never recorded or printed. A hash
  // is published only while the row still says so.
  std::string location_value = {};
  std::string location_meta_data = {};
  // The bytes are those of a location that Glance serves only if an earlier one fails; not
  // recorded.
  bool is_later_location = false;
  std::string identity;  // of the object that was read
  std::int64_t bytes = 0;
  std::string md5;
  std::string algorithm;  // the name to write into os_hash_algo
  std::string digest;
  std::string place = {};  // of the store in which the image was read or looked for; not recorded
  // `verified`, but Glance has neither a hash nor a checksum of the image: only its signatures were
  // looked at. Not recorded as a verification.
  bool compared_nothing = false;
  std::string signature_digest = {};  // digest of the bytes that img_signature signs; not recorded
  SignaturesFound signatures = {};    // if signatures were to be verified
  bool again = false;  // the image is still in the queue and is tried again; not recorded
  // `unreadable`, because this host cannot use the store now (store/source.h, FailureKind::place):
  // that is no result of the image, and is never recorded.
  bool store_is_away = false;
  bool store_refused = false;  // of those: the store answered, and refused this object
  // `unreadable`, because the store failed several times in a row; it may answer soon. Recorded as
  // a result only if later attempts fail too.
  bool is_transient = false;
  // When an earlier run began to read the bytes (unix seconds of the database's clock), if verify
  // has read them over several runs; 0: in this run. Not recorded.
  std::int64_t read_since = 0;
  // What was read before is in doubt, so that no checkpoint of it may be kept; not recorded.
  bool forgets_checkpoint = false;
  // The store of the image's first live location: the driver's name ("unknown" for a location of
  // no known store) and the id; not recorded. Empty type: the image was not looked for in a store.
  std::string store_type = {};
  std::string store_id = {};
};

// When the image is read again by itself.
RetryRule retry_of(const ReadOutcome& outcome);

// True if a person must look at the image: its result is a finding and the image is not tried
// again.
bool is_finding(const ReadOutcome& outcome);

// An image and the outcome to record for it.
struct SettledImage {
  Claim claim;
  ReadOutcome outcome;
};

}  // namespace backglance
