// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "ledger/read_outcome.h"
#include "sql/images.h"

namespace backglance {

// Where a run's claims continue after it gave back images of a place that this host does not see.
// Such images stay in the queue, free for other hosts, and their own run must not claim them again
// and again: it claims only images that come after them in the order of the queue. Memory does not
// grow with their number. Thread-safe.
class PassedImages {
 public:
  // Call it before the image is given back.
  void pass(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    // After a collision with another run, images before this one may not have been tried.
    if (claim.order == 0)
      return;
    // Only the database knows how it sorts ids; `order` says which one comes later.
    if (last_ && (claim.size_bytes > last_->size ||
                  (claim.size_bytes == last_->size && claim.order < order_)))
      return;
    last_ = {claim.image_id, claim.size_bytes};
    order_ = claim.order;
  }

  // Nothing until an image was passed.
  std::optional<SizedImage> last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<SizedImage> last_;
  std::int64_t order_ = 0;
};

}  // namespace backglance
