// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/read_outcome.h"
#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// True if an image with this result stays in the queue and is read again without being asked for.
bool is_tried_again(const ReadOutcome& outcome, const Claim& claim);

// Records the results of the queue's images, and publishes hashes from the ledger.
class Results {
 public:
  // `session` must live longer than this. One thread at a time.
  //
  // `is_same_location` is true for two texts of a location (value and meta_data, as stored) that
  // lead to the same object: a Glance that encrypts locations writes another ciphertext with each
  // save. Null: equal texts only.
  using IsSameLocation = std::function<bool(const LocationRow& one, const LocationRow& other)>;
  explicit Results(Session& session, IsSameLocation is_same_location = {})
      : session_(session), is_same_location_(std::move(is_same_location)) {}

  // Settles claimed images in one transaction. For `hashed` it publishes the hash. Its
  // precondition: the row in `images` is live, has no hash, has the same checksum and size as when
  // it was claimed, the location that was read is live and leads where it led, and our token is
  // still valid.
  //
  // Returns the result of each image. If the precondition did not hold, that is already_done, gone
  // or busy_in_glance. If the lease was lost, it is empty and nothing was changed. Called again
  // with the same claim, it changes nothing and returns the same, so it may be repeated when the
  // answer to its COMMIT was lost.
  std::vector<std::optional<ImageResult>> settle(const std::string& run_id,
                                                 const std::vector<SettledImage>& settled);

  // Up to `page` ids of images that were read and agreed with Glance, sorted, after the given id.
  std::vector<std::string> read_page(const std::string& after, std::int64_t page);

  // A published hash that Glance has erased since, by saving a whole row.
  struct Erased {
    std::string image_id;
    std::string run_id;  // the run that read the image
    std::string digest;
    std::int64_t bytes = 0;
    std::string identity;       // of the object that was read
    bool has_checksum = false;  // restore() compares it with the MD5 of the bytes
    // The location as Glance stores it: a secret. Nothing if the location is no longer live, or if
    // the digest must not be used: restore() would refuse it.
    std::optional<std::string> location_value;
    std::string location_meta_data;  // names the store
  };
  std::vector<Erased> erased_page(const std::string& after, std::int64_t page);
  // Publishes the hash again, from the ledger. False if the precondition of the publish does not
  // hold, if verify has not found the bytes as they were since they were read, or if the image has
  // several locations and no checksum says which of them holds it.
  bool restore(const Erased& erased);
  // Queues an image to be read again, because its object, or its checksum or size in Glance, has
  // changed since it was read, or because its digest is in doubt. Does nothing to an image that is
  // no longer pending.
  void requeue_erased(const std::string& image_id);
  // Forgets what the ledger holds of the image's bytes: digests, identity, checkpoint and verdicts
  // on signatures. The hash in Glance's row stays. What verify has found stays too: it is evidence.
  void forget(const std::string& image_id);

 private:
  const std::string& sql(std::string_view name) const;
  std::optional<ImageResult> postpone(const std::string& run_id, const SettledImage& settled);
  void settle_some(const std::string& run_id, const std::vector<SettledImage>& settled,
                   const std::vector<std::size_t>& places,
                   std::vector<std::optional<ImageResult>>& became);
  ImageResult amend(const std::string& run_id, const SettledImage& settled);
  // An image and the location that was read, as Glance stored it then.
  struct ReadFrom {
    std::string image_id;
    std::string value;
    std::string meta_data;
  };
  std::int64_t publish(const std::string& run_id, const std::vector<ReadFrom>& images);
  bool publish_moved(const std::string& run_id, const SettledImage& settled);
  ImageResult why_not_published(const std::string& image_id);

  Session& session_;
  IsSameLocation is_same_location_;
};

}  // namespace backglance
