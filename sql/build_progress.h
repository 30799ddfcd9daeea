// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace backglance {

// How far PostgreSQL is with an index, as pg_stat_progress_create_index has it (PostgreSQL 15
// manual, 28.4.4). The totals are 0 where a phase does not count such.
struct BuildProgress {
  std::string phase;  // empty where the role may not see it
  std::int64_t lockers_done = 0;
  std::int64_t lockers_total = 0;
  std::int64_t blocks_done = 0;
  std::int64_t blocks_total = 0;
  std::int64_t rows_done = 0;
  std::int64_t rows_total = 0;
};

// "scanning table, 120 of 4000 blocks", "waiting for old snapshots, 1 of 2 transactions ended"
std::string describe(const BuildProgress& progress);

// Passes on what is looked at several times in a second: a line whose words up to the first comma
// are new at once, else one in 15 seconds. Numbers change with each look; what is done, or waited
// for, does not, and a person should see that it is not stuck unseen.
class CalmTeller {
 public:
  explicit CalmTeller(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}
  // Nothing is told of an empty line.
  void operator()(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  std::function<void(const std::string&)> tell_;
  std::string told_;
  Clock::time_point told_at_;
};

}  // namespace backglance
