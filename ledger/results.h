// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// Whether an image of such a result stays in the queue, to be read again by itself.
bool is_tried_again(ImageResult result, const Claim& claim);

// What became of the images of the queue, and what the ledger publishes of them.
class Results {
 public:
  // `session` outlives this. One thread at a time.
  explicit Results(Session& session) : session_(session) {}

  // Settles claimed images in one transaction. For `hashed` this is the guarded publish: it changes
  // `images` only while the row is live, lacks a hash, and has the same checksum, size and
  // location, and our token still holds. Returns what each became: an image that the guard held
  // back is already_done, gone or busy_in_glance; one whose lease was lost comes back as nothing
  // and changes nothing. Again with the same claim it changes nothing and says the same, so that it
  // may be repeated when the answer to its COMMIT was lost.
  std::vector<std::optional<ImageResult>> settle(const std::string& run_id,
                                                 const std::vector<SettledImage>& settled);

  // Images that were read and agreed, by id, after the given one.
  std::vector<std::string> read_page(const std::string& after, std::int64_t page);

  // Published hashes that a whole-row save of Glance has erased since.
  struct Erased {
    std::string image_id;
    std::string run_id;  // that read it
    std::string digest;
    std::int64_t bytes = 0;
    std::string identity;  // of the object that was read
    std::optional<std::string>
        location_value;  // a secret; nothing if the location is no longer live
  };
  std::vector<Erased> erased_page(const std::string& after, std::int64_t page);
  // The guarded publish again, from the ledger. False if the guard held it back.
  bool restore(const Erased& erased);
  // The object, or its checksum or size in Glance, is not what was read: it has to be read again.
  // Does nothing to an image that is no longer pending.
  void requeue_erased(const std::string& image_id);
  // How many such images there are.
  std::int64_t erased();

 private:
  const std::string& sql(std::string_view name) const;
  std::optional<ImageResult> postpone(const std::string& run_id, const SettledImage& settled);
  void settle_some(const std::string& run_id, const std::vector<SettledImage>& settled,
                   const std::vector<std::size_t>& places,
                   std::vector<std::optional<ImageResult>>& became);
  ImageResult amend(const std::string& run_id, const SettledImage& settled);
  std::int64_t publish(const std::string& run_id, const std::vector<std::string>& ids);
  ImageResult why_not_published(const std::string& image_id);

  Session& session_;
};

}  // namespace backglance
