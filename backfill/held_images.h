#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace backglance {

// The images that this run has claimed and not settled, whose leases its heartbeat renews. Any
// thread.
class HeldImages {
 public:
  void add(const std::string& image_id) {
    const std::lock_guard lock(mutex_);
    ids_.insert(image_id);
  }
  void remove(const std::string& image_id) {
    const std::lock_guard lock(mutex_);
    ids_.erase(image_id);
  }
  std::vector<std::string> ids() const {
    const std::lock_guard lock(mutex_);
    return {ids_.begin(), ids_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> ids_;
};

}  // namespace backglance
