// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>

namespace backglance {

// The bytes that --max-bytes permits to read, and those that were promised to images so far. The
// claim stage promises what Glance says of an image. A reader that has opened it asks for the rest,
// if the store holds more than that: Glance may know no size, or a wrong one. Thread-safe.
class ByteBudget {
 public:
  // Nothing: no limit. Set it while no other thread uses this object.
  void limit(std::optional<std::int64_t> most) { most_ = most; }

  // What is left, if `read` bytes were read so far. Negative: nothing, not even an image of unknown
  // size is to be begun.
  std::int64_t left(std::int64_t read) const {
    const std::lock_guard lock(mutex_);
    if (!most_)
      return std::numeric_limits<std::int64_t>::max();
    const std::int64_t left = *most_ - std::max(promised_, read);
    return left > 0 ? left : -1;
  }
  // `bytes` may be negative: given back.
  void promise(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    promised_ += bytes;
  }
  // Promises `bytes` if that many are left; false: nothing was changed.
  bool promise_if_left(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (most_ && bytes > *most_ - promised_)
      return false;
    promised_ += bytes;
    return true;
  }
  std::int64_t promised() const {
    const std::lock_guard lock(mutex_);
    return promised_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::int64_t> most_;
  std::int64_t promised_ = 0;
};

}  // namespace backglance
