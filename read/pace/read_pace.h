// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace backglance {

// The clock of --max-runtime, and the estimate of what can still be read before it ends: larger
// images would only be broken off, night after night. Any thread, but for begin().
//
// The estimate is of one stream, as several are read at a time: what all reads of this run gave, to
// the last byte of those that were not ended, over the time that they took. Before there are any it
// is the pace of earlier runs, shared by the streams; that counts as two seconds of reading.
class ReadPace {
 public:
  using Clock = std::chrono::steady_clock;

  // `bandwidth` is that of all streams in bytes per second, 0: no limit. The time begins now.
  ReadPace(std::uint64_t bandwidth, std::optional<std::chrono::seconds> max_runtime);

  // Before the first read: how many images are read at a time, and what all streams of an earlier
  // run gave together in bytes per second, 0: not known.
  void begin(std::int64_t streams, std::int64_t earlier);
  // From now on so many are read at a time.
  void share_by(std::int64_t streams) {
    streams_.store(std::max<std::int64_t>(streams, 1), std::memory_order_relaxed);
  }

  // A part of one stream's read, and how long it took.
  void add(std::int64_t bytes, Clock::duration took);

  bool out_of_time() const { return deadline_ && Clock::now() >= *deadline_; }

  // The most bytes that a read begun now can end in time, and that one begun at begin() could have.
  // Without --max-runtime the largest number.
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
  std::atomic<std::int64_t> nanoseconds_{0};  // of all streams
};

}  // namespace backglance
