// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace backglance {

// Decides when to commit. Each commit waits for the disk, so small images share one; a large image
// is committed at once, so that a kill loses little. One thread at a time.
class CommitPace {
 public:
  using Clock = std::chrono::steady_clock;

  // Counts an image whose read took this long. True: commit now.
  bool add(Clock::duration took) {
    if (waiting_++ == 0)
      oldest_ = Clock::now();
    return waiting_ >= kMaxWaiting || took > kLongRead || Clock::now() - oldest_ > kMaxWait;
  }
  void committed() { waiting_ = 0; }

 private:
  // How many small images share a transaction, and how long the first of them may wait for the
  // others.
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::chrono::milliseconds kMaxWait{100};
  // An image whose read took longer than this is committed at once.
  static constexpr std::chrono::milliseconds kLongRead{20};

  std::size_t waiting_ = 0;
  Clock::time_point oldest_;
};

}  // namespace backglance
