// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace backglance {

// The clock of --max-runtime, and an estimate of how much can still be read before it ends. Without
// the estimate, images that are too large would be begun and broken off every night. Thread-safe,
// except begin().
//
// The estimate is for one of the streams that are read at the same time: all bytes that this run
// has read, divided by the time that the reads took; unfinished reads count too. At the beginning
// it is the speed of earlier runs divided by the number of streams, with the weight of two seconds
// of reading.
class ReadPace {
 public:
  using Clock = std::chrono::steady_clock;

  // `bandwidth` is the limit for all streams, in bytes per second; 0: no limit. --max-runtime
  // begins now.
  ReadPace(std::uint64_t bandwidth, std::optional<std::chrono::seconds> max_runtime);

  // Call it before the first read. `streams`: how many images are read at the same time. `earlier`:
  // speed of all streams of an earlier run together, in bytes per second; 0: not known.
  void begin(std::int64_t streams, std::int64_t earlier);
  // From now on, this many images are read at the same time.
  void share_by(std::int64_t streams) {
    streams_.store(std::max<std::int64_t>(streams, 1), std::memory_order_relaxed);
  }

  // Adds a part of one stream's read, and how long it took.
  void add(std::int64_t bytes, Clock::duration took);

  bool out_of_time() const { return deadline_ && Clock::now() >= *deadline_; }

  // The most bytes of a read that can end in time: if it begins now, and if it had begun at
  // begin(). Without --max-runtime, the largest number of the type.
  std::int64_t largest_in_time() const;
  std::int64_t largest_in_run() const;

 private:
  std::int64_t bytes_in(std::chrono::duration<double> time) const;

  std::uint64_t bandwidth_;
  std::optional<Clock::time_point> deadline_;
  Clock::time_point begun_;
  std::atomic<std::int64_t> streams_{1};
  std::int64_t earlier_ = 0;
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> nanoseconds_{0};  // sum over all streams
};

}  // namespace backglance
