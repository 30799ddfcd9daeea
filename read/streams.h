// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "read/pace/read_pace.h"
#include "read/pace/stream_limit.h"
#include "read/read_counters.h"
#include "read/run_control.h"

namespace backglance {

// How many images a run reads at a time from each place: as many as it was limited to, or as
// StreamLimits finds best. Without limit() every reader reads. Any thread, after limit().
class Streams {
 public:
  // All outlive this.
  Streams(RunControl& control, ReadPace& pace, const ReadCounters& counters)
      : control_(control), pace_(pace), counters_(counters) {}

  // Before the first read, if at all.
  void limit(const StreamLimits::Terms& terms) { limits_.emplace(terms); }
  // Waits until one more image may be read.
  StreamLimits::Admission admit();
  // Images that are read at a time now, of those that there are to read.
  std::int64_t count();
  // Waits for a stream from that place.
  StreamLimits::Stream take(const std::string& place);

 private:
  RunControl& control_;
  ReadPace& pace_;
  const ReadCounters& counters_;
  std::optional<StreamLimits> limits_;
};

}  // namespace backglance
