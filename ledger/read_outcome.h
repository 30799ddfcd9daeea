// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/image_result.h"
#include "glance/signature_verdict.h"

namespace backglance {

// An image that a run has leased, and what became of it.

struct Claim {
  std::string image_id;
  std::int64_t token = 0;
  std::int64_t size_bytes = 0;  // expected; 0 if unknown
  std::int64_t attempts = 0;    // before this one
};

// What a worker made of a claimed image.
struct ReadOutcome {
  ImageResult result = ImageResult::unreadable;
  std::string reason;  // one sentence without secrets; empty for hashed
  std::optional<std::int64_t> location_id;
  std::string identity;  // of the object that was read
  std::int64_t bytes = 0;
  std::string md5;
  std::string algorithm;  // as it goes into os_hash_algo
  std::string digest;
  std::string place = {};  // of the store, that it was read from or sought in; not recorded
  std::string signature_digest = {};  // of the bytes, that img_signature is over; not recorded
  SignaturesFound signatures = {};    // where they were to be verified
  bool again = false;                 // the queue has it still, for another try; not recorded
};

// A person must look at the image: its class is a finding, and no other try is to come.
bool is_finding(const ReadOutcome& outcome);

// An image and what is to be recorded of it.
struct SettledImage {
  Claim claim;
  ReadOutcome outcome;
};

}  // namespace backglance
