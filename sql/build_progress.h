// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace backglance {

// How far PostgreSQL is with an index build, from pg_stat_progress_create_index (PostgreSQL 15
// manual, 28.4.4). A total is 0 if the phase does not count this.
struct BuildProgress {
  std::string phase;  // empty if the role may not see it
  std::int64_t lockers_done = 0;
  std::int64_t lockers_total = 0;
  std::int64_t blocks_done = 0;
  std::int64_t blocks_total = 0;
  std::int64_t rows_done = 0;
  std::int64_t rows_total = 0;
};

// "scanning table, 120 of 4000 blocks", "waiting for old snapshots, 1 of 2 transactions ended"
std::string describe(const BuildProgress& progress);

// Limits lines that are produced several times per second. A line is passed on at once if its text
// up to the first comma is new, and otherwise every 15 seconds. Numbers change all the time, but
// the text before the comma says what is done or waited for. A person should see a new state at
// once, and see that an old one is still at work.
class CalmTeller {
 public:
  explicit CalmTeller(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}
  // An empty line is ignored.
  void operator()(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  std::function<void(const std::string&)> tell_;
  std::string told_;
  Clock::time_point told_at_;
};

}  // namespace backglance
