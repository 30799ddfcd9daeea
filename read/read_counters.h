// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace backglance {

// Counters of one run. Workers count while the progress display, the heartbeat and metrics read.
// Thread-safe. Each counter is right by itself; two of them may differ by an image.
struct ReadCounters {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_skipped{0};  // expected bytes that did not have to be read
  std::atomic<std::uint64_t> images_settled{0};
  std::atomic<std::uint64_t> findings{0};
  std::atomic<std::uint64_t> images_total{0};
  std::atomic<std::uint64_t> bytes_total{0};

  // Counts the bytes that were expected of an image and not read.
  void skip(std::int64_t expected, std::int64_t read) {
    if (expected > read)
      bytes_skipped.fetch_add(static_cast<std::uint64_t>(expected - read),
                              std::memory_order_relaxed);
  }
};

}  // namespace backglance
