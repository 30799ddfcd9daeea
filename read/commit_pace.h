// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace backglance {

// When to commit what was read. Each commit waits for the disk, so that small images share one; a
// large one is committed at once, so that a kill costs little.
class CommitPace {
 public:
  using Clock = std::chrono::steady_clock;

  // Counts an image whose read took so long. True: commit now.
  bool add(Clock::duration took) {
    if (waiting_++ == 0)
      oldest_ = Clock::now();
    return waiting_ >= kMaxWaiting || took > kLongRead || Clock::now() - oldest_ > kMaxWait;
  }
  void committed() { waiting_ = 0; }

 private:
  // A transaction's share of small images, and how long the first of them may wait for the others.
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::chrono::milliseconds kMaxWait{100};
  // An image that took longer than this to read is worth a commit of its own.
  static constexpr std::chrono::milliseconds kLongRead{20};

  std::size_t waiting_ = 0;
  Clock::time_point oldest_;
};

}  // namespace backglance
