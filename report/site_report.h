// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/image_result.h"
#include "glance/signature_properties.h"
#include "glance/signature_verdict.h"

namespace backglance {

// Everything that a report says, free of how it is shown. Times are unix seconds, sizes are bytes,
// and text is as the database holds it: the renderers make it printable. Lists are sorted as they
// are shown.
struct SiteReport {
  struct Signature {
    std::string image_id;
    std::string name;    // of the image
    std::string owner;   // project id
    std::string status;  // images.status
    bool deleted = false;
    bool hidden = false;
    bool snapshot = false;
    SignatureScheme scheme = SignatureScheme::none;
    std::vector<std::string> present;
    std::vector<std::string> missing;
    std::int64_t flagged_at = 0;
    std::optional<std::int64_t> deadline_at;  // only for deprecated schemes
    std::optional<std::int64_t> removed_at;   // when contract removed the properties
    // What the last verification found; nothing before one.
    std::optional<SignatureVerdict> verdict;         // of img_signature
    std::optional<SignatureVerdict> legacy_verdict;  // of the one over the MD5
    std::optional<bool> is_trusted;  // its certificate, to those that --trusted-certificates named
    // Why, of each of the three; empty where there is no more to say.
    std::string verdict_reason;
    std::string legacy_reason;
    std::string chain_reason;
    std::optional<std::int64_t> verified_at;
    // What Glance knows of the bytes; only where the owner has something to do (report/owners.h).
    std::string checksum;
    std::string hash_algorithm;
    std::string hash_value;
  };
  struct Result {  // an image with a finding of backfill or verify
    std::string image_id;
    std::string name;
    std::string owner;
    std::int64_t size = 0;
    ImageResult result = ImageResult::unreadable;
    std::string reason;
    std::int64_t finished_at = 0;
  };
  struct ClassCount {
    ImageResult result = ImageResult::hashed;
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };
  struct Coverage {
    std::string algorithm;  // os_hash_algo as stored; "" for images without a hash
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };
  struct Run {
    std::string run_id;
    std::string command;
    std::string host;
    std::int64_t started_at = 0;
    std::optional<std::int64_t> finished_at;
    std::string outcome;  // "done", "interrupted", ..., "" while it runs or if it was killed
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };

  std::string version;   // of backglance
  std::string database;  // redacted URL
  std::int64_t made_at = 0;
  std::vector<Signature> signatures;    // deprecated first, by deadline, then by image id
  std::vector<Result> findings;         // by class, then by image id
  std::vector<Result> verify_findings;  // likewise, from `verify`
  std::vector<ClassCount> results;      // in ImageResult's order, no zero rows
  std::vector<ClassCount> verify_results;
  std::vector<Coverage> coverage;  // live active and deactivated images, most images first
  std::vector<Run> runs;           // newest first, at most 20
  std::int64_t queued_images = 0;  // still to read
  std::int64_t queued_bytes = 0;
};

}  // namespace backglance
