// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace backglance {

// Whether a server sends too slowly to be read at all. TransferPool breaks off a transfer that
// almost stalls; but a hostile server may send a little more than that, or one byte for each
// connection, and keep a stream for years. One thread at a time.
class LeastRate {
 public:
  // `window` must be long enough for a server that is restarted.
  explicit LeastRate(std::uint64_t bytes_per_second = std::uint64_t{16} << 10,
                     std::chrono::milliseconds window = std::chrono::minutes(5))
      : least_(bytes_per_second * static_cast<std::uint64_t>(window.count()) / 1000),
        window_(window) {}

  // Call it after each attempt to read. False if too little came within a whole window.
  bool is_met(std::chrono::nanoseconds took, std::uint64_t bytes) {
    time_ += took;
    bytes_ += bytes;
    if (bytes_ < least_)
      return time_ < window_;
    time_ = {};
    bytes_ = 0;
    return true;
  }

 private:
  std::uint64_t least_;  // bytes in a window
  std::chrono::nanoseconds window_;
  std::chrono::nanoseconds time_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace backglance
