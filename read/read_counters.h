// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace backglance {

// What a progress display and a heartbeat read while workers count. Any thread.
struct ReadCounters {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_skipped{0};  // expected bytes that turned out not to be read
  std::atomic<std::uint64_t> images_settled{0};
  std::atomic<std::uint64_t> findings{0};
  std::atomic<std::uint64_t> images_total{0};
  std::atomic<std::uint64_t> bytes_total{0};

  // Counts an image that was settled with fewer bytes read than were expected.
  void skip(std::int64_t expected, std::int64_t read) {
    if (expected > read)
      bytes_skipped.fetch_add(static_cast<std::uint64_t>(expected - read),
                              std::memory_order_relaxed);
  }
};

}  // namespace backglance
