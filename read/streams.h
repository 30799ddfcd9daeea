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

// Limits how many images a run reads at the same time from each place: a fixed number, or the
// number that StreamLimits finds best. Without limit() there is no limit. Thread-safe after
// limit().
class Streams {
 public:
  // All arguments must live longer than this.
  Streams(RunControl& control, ReadPace& pace, const ReadCounters& counters)
      : control_(control), pace_(pace), counters_(counters) {}

  // Sets the limits. Call it before the first read.
  void limit(const StreamLimits::Terms& terms) { limits_.emplace(terms); }
  // Waits until one more image may be read, or the run must end.
  StreamLimits::Admission admit();
  // How many images are read at the same time now, but no more than there are to read. Without
  // limit() it is 1.
  std::int64_t count();
  // Waits for a stream of that place, or until the run must end.
  StreamLimits::Stream take(const std::string& place);
  // StreamLimits::begin_wait() and end_wait().
  void begin_wait(StreamLimits::Keep keep) {
    if (limits_)
      limits_->begin_wait(keep);
  }
  void end_wait() {
    if (limits_)
      limits_->end_wait([this] { return control_.should_stop(); });
  }
  // StreamLimits::overloaded().
  void relieve(const std::string& place) {
    if (limits_)
      limits_->overloaded(place);
  }

 private:
  RunControl& control_;
  ReadPace& pace_;
  const ReadCounters& counters_;
  std::optional<StreamLimits> limits_;
};

}  // namespace backglance
