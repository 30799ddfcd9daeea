// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ledger/read_outcome.h"

namespace backglance {

// The images that this run has claimed and not settled. Its heartbeat renews their leases. If the
// run lost an image and claimed it again, the later claim counts. Thread-safe.
class HeldImages {
 public:
  void add(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    tokens_[claim.image_id] = claim.token;
  }
  void remove(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(claim.image_id);
    if (found != tokens_.end() && found->second == claim.token)
      tokens_.erase(found);
  }
  std::vector<std::string> ids() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, token] : tokens_)
      ids.push_back(id);
    return ids;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> tokens_;
};

}  // namespace backglance
