// SPDX-License-Identifier: Apache-2.0
#include "read/pace/read_pace.h"

#include <algorithm>
#include <limits>

namespace backglance {
namespace {

// Bytes per second of all streams together, if there was no earlier run: a modest disk, or a store
// on the network.
constexpr std::int64_t kAssumedPace = 50 << 20;
// The weight of the start value, as seconds of reading.
constexpr double kStartSeconds = 2;
// A longer --max-runtime would never end a run, and would not fit into the clock's nanoseconds.
constexpr std::chrono::hours kLongest{24 * 365 * 100};
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

}  // namespace

ReadPace::ReadPace(std::uint64_t bandwidth, std::optional<std::chrono::seconds> max_runtime)
    : bandwidth_(bandwidth), begun_(Clock::now()) {
  if (max_runtime)
    deadline_ = begun_ + std::min<std::chrono::seconds>(*max_runtime, kLongest);
}

void ReadPace::begin(std::int64_t streams, std::int64_t earlier) {
  begun_ = Clock::now();
  share_by(streams);
  earlier_ = earlier;
}

void ReadPace::add(std::int64_t bytes, Clock::duration took) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  nanoseconds_.fetch_add(std::chrono::nanoseconds(took).count(), std::memory_order_relaxed);
}

// How many bytes one stream can read in this time.
std::int64_t ReadPace::bytes_in(std::chrono::duration<double> time) const {
  const auto streams = static_cast<double>(streams_.load(std::memory_order_relaxed));
  const double start = static_cast<double>(earlier_ > 0 ? earlier_ : kAssumedPace) / streams;
  const double bytes = static_cast<double>(bytes_.load(std::memory_order_relaxed));
  const double seconds = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  double pace = (start * kStartSeconds + bytes) / (kStartSeconds + seconds);
  if (bandwidth_ > 0)
    pace = std::min(pace, static_cast<double>(bandwidth_) / streams);
  const double most = std::max(0.0, time.count()) * pace;
  return most < static_cast<double>(kNoLimit) ? static_cast<std::int64_t>(most) : kNoLimit;
}

std::int64_t ReadPace::largest_in_time() const {
  return deadline_ ? bytes_in(*deadline_ - Clock::now()) : kNoLimit;
}

std::int64_t ReadPace::largest_in_run() const {
  return deadline_ ? bytes_in(*deadline_ - begun_) : kNoLimit;
}

}  // namespace backglance
