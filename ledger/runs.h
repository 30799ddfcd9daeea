// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/heartbeat.h"
#include "sql/session.h"

namespace backglance {

struct RunRow {
  std::string run_id;
  std::string command;
  std::string host;
  std::int64_t started_at = 0;
  std::optional<std::int64_t> finished_at;
  std::string outcome;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> stop_at;  // when it was told to end
  std::string stop_by;                  // user@host of who told it
};

// A run at work, as of its last heartbeat.
struct LiveRun : RunRow {
  std::int64_t heartbeat_age = 0;  // seconds
  std::int64_t bytes_per_second = 0;
  std::string waiting_for;  // empty: it does not wait
};

// True of the commands that read images: they run beside each other in any number, and wait while
// the fleet is paused. Everything else runs alone, and does not wait.
bool reads_images(const std::string& command);

// Within a transaction: until its end no run begins. Needs backglance_control.
void lock_runs(Session& session);

// One run of a command that changes something, from start to finish, in backglance_run. While it
// lives its heart beats, and it ends if it is told to (sql/heartbeat.h).
class Run {
 public:
  // Ends the rows of runs of this host whose process is no more and frees their leases, then enters
  // this run. Throws Error{locked} if a live run's command excludes this one. Has told `life`
  // whether the fleet is paused when it returns. Needs the ledger.
  Run(Session& session, const std::string& command, RunLife life = {});
  // A run that was not finished ends as "failed", or as told: "interrupted" or "stopped".
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const std::string& id() const { return id_; }
  // Waits for a server that is away, as sql/retry.h has it.
  void finish(const std::string& outcome, std::int64_t images = 0, std::int64_t bytes = 0);
  // RunLife::lost has been called.
  bool lost() const { return heart_ && heart_->lost(); }

  // Nothing more is written about this run: the ledger itself is gone.
  void forget();

 private:
  void enter(const std::string& command);
  void write_end(const std::string& outcome, std::int64_t images, std::int64_t bytes);

  Session& session_;
  std::string id_;
  bool finished_ = false;
  std::unique_ptr<Heartbeat> heart_;
};

// How fast the site was read of late, in bytes per second over all jobs: the best of the last three
// backfill and verify runs, broken off or not, that read 64 MiB or more. 0 if there is none.
std::int64_t earlier_pace(Session& session);

std::vector<RunRow> recent_runs(Session& session, std::int64_t count);

// The runs that are at work now: unfinished, and their process alive, or of another host with a
// recent heartbeat. The oldest first.
std::vector<LiveRun> live_runs(Session& session);
// The ids of all that are unfinished, those that seem dead included.
std::vector<std::string> unfinished_run_ids(Session& session);

}  // namespace backglance
