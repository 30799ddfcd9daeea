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

// Everything that a report shows, independent of the format. Times are unix seconds in UTC, sizes
// are bytes. Text is as in the database, and may be anything: the renderers make it safe. An empty
// text means that the database has none. Lists are in the order in which they are shown.
struct SiteReport {
  // An image that has, or had, signature properties; deleted images too.
  struct Signature {
    std::string image_id;
    std::string name;    // name of the image
    std::string owner;   // project id of the image's owner
    std::string status;  // images.status
    bool deleted = false;
    // os_hidden: Glance lists the image only if asked for it.
    bool hidden = false;
    // The properties are probably inherited from another image.
    bool snapshot = false;
    // The scheme, and the names of its properties: from backglance_signature, which migrate and
    // contract update.
    SignatureScheme scheme = SignatureScheme::none;
    std::vector<std::string> present;
    // Names without which the signature is incomplete.
    std::vector<std::string> missing;
    // When backglance first saw the properties.
    std::int64_t flagged_at = 0;
    // End of the grace period; only for deprecated schemes.
    std::optional<std::int64_t> deadline_at;
    // When contract removed the legacy properties; nothing if it has not.
    std::optional<std::int64_t> removed_at;
    // The result of the last verification; nothing if there was none.
    std::optional<SignatureVerdict> verdict;         // of img_signature
    std::optional<SignatureVerdict> legacy_verdict;  // of the signature over the MD5
    // Whether the certificate of img_signature leads to one of --trusted-certificates; nothing if
    // chains were not checked.
    std::optional<bool> is_trusted;
    // The reason for each of these three results; empty if there is no more to say.
    std::string verdict_reason;
    std::string legacy_reason;
    std::string chain_reason;
    std::optional<std::int64_t> verified_at;
    // Glance's checksum, os_hash_algo and os_hash_value; only if the owner has something to do
    // (report/owners.h).
    std::string checksum;
    std::string hash_algorithm;
    std::string hash_value;
  };
  struct Result {  // A finding of backfill or verify: an image that a person should look at.
    std::string image_id;
    std::string name;
    std::string owner;
    // images.size; 0 if Glance does not know it.
    std::int64_t size = 0;
    ImageResult result = ImageResult::unreadable;
    std::string reason;
    // When the image was tried last.
    std::int64_t finished_at = 0;
  };
  // How many images have a result, and how many of their bytes were read.
  struct ClassCount {
    ImageResult result = ImageResult::hashed;
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };
  // How many live images, and bytes of known size, have a hash of one algorithm.
  struct Coverage {
    // os_hash_algo as stored; "?" for a hash without algorithm; "" for images without a hash.
    std::string algorithm;
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };
  // The live images of one store, by the first live location of each.
  struct StoreCount {
    std::string id;    // in enabled_backends; "" for an old-style store, or if images name none
    std::string type;  // the driver's name; "" if the locations are of no known store
    bool is_configured = true;
    std::int64_t images = 0;
    std::int64_t bytes = 0;
    std::int64_t images_with_hash = 0;
    std::int64_t bytes_with_hash = 0;
    std::int64_t findings = 0;  // images with a finding of backfill or verify
  };
  // A run of a command, from backglance_run.
  struct Run {
    std::string run_id;
    std::string command;
    std::string host;
    std::int64_t started_at = 0;
    std::optional<std::int64_t> finished_at;
    // "done", "interrupted", ...; "" while it runs, or if it was killed and nobody has noticed
    std::string outcome;
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  };

  std::string version;   // version of backglance
  std::string database;  // redacted URL
  std::int64_t made_at = 0;
  std::vector<Signature> signatures;    // deprecated schemes first; by deadline, then by image id
  std::vector<Result> findings;         // of backfill; by result, then by image id
  std::vector<Result> verify_findings;  // of verify, in the same order
  // Of backfill; in the order of ImageResult, no rows with zero images.
  std::vector<ClassCount> results;
  std::vector<ClassCount> verify_results;
  std::vector<Coverage> coverage;  // live active and deactivated images, most images first
  std::vector<StoreCount>
      stores;             // configured ones first; filled in by the caller of collect_report()
  std::vector<Run> runs;  // newest first, at most 20
  std::int64_t queued_images = 0;  // images in the queue that are still to be read
  std::int64_t queued_bytes = 0;
};

}  // namespace backglance
