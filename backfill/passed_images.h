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
  // Calls `release`, which gives the image back. No claim runs at the same time: it would not know
  // yet that it must not take this image.
  template <typename Release>
  void pass(const Claim& claim, const Release& release) {
    const std::lock_guard lock(mutex_);
    move_to(claim);
    release();
  }

  // Returns take(image): a claim of images that come after this one; std::nullopt: of any.
  template <typename Take>
  auto claim_next(const Take& take) {
    const std::lock_guard lock(mutex_);
    return take(last_);
  }

  bool any() const {
    const std::lock_guard lock(mutex_);
    return last_.has_value();
  }

 private:
  void move_to(const Claim& claim) {
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

  mutable std::mutex mutex_;
  std::optional<SizedImage> last_;
  std::int64_t order_ = 0;
};

}  // namespace backglance
