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

// A run of another host is dead after this many seconds without a heartbeat. A heartbeat that is
// later than now by as much proves nothing either: a clock that was ahead has written it.
inline constexpr std::int64_t kHeartbeatLimitSeconds = 120;

// A row of backglance_run. Times are unix seconds of the database's clock; `outcome` is empty until
// the run has ended.
struct RunRow {
  std::string run_id;
  // Name of the command, for its other tasks with one word more: "contract settled", "contract
  // revert", "expand revert". At most 16 bytes.
  std::string command;
  std::string host;
  std::int64_t started_at = 0;
  std::optional<std::int64_t> finished_at;
  std::string outcome;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> stop_at;  // when a person ordered it to end
  std::string stop_by;                  // user@host of that person
  // Seconds by which its last heartbeat is later than the database's clock now. Far above 0, the
  // clock was ahead when the run wrote it.
  std::int64_t clock_ahead = 0;

  bool has_time_to_come() const { return clock_ahead >= kHeartbeatLimitSeconds; }
};

// A run that is at work; its figures are those of its last heartbeat.
struct LiveRun : RunRow {
  std::int64_t heartbeat_age = 0;  // seconds
  std::int64_t bytes_per_second = 0;
  std::string waiting_for;  // empty if it does not wait
};

// True for commands that read images: any number of them may run at the same time, and they wait
// while the fleet is paused. Every other command runs alone and does not wait.
bool reads_images(const std::string& command);

// Call it within a transaction: no run begins until that ends. Requires backglance_control.
void lock_runs(Session& session);

// One run of a command that changes something, from start to end, in backglance_run. While it lives
// it sends heartbeats, and it ends when it is ordered to (ledger/heartbeat.h).
class Run {
 public:
  // Ends the rows of dead runs and frees their leases, then enters this run. A run is dead if its
  // process on this host is gone, or if it is of another host or another boot and its last
  // heartbeat is too old, or is still to come. Throws Error{locked} if the command of a live run
  // excludes this one. Has called `life.obey` once when it returns. Requires the ledger.
  Run(Session& session, const std::string& command, RunLife life = {});
  // A run that was not finished ends as "failed"; after a signal as "interrupted", after an order
  // to stop as "stopped".
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const std::string& id() const { return id_; }
  // Reads the orders to this run now. The heartbeat reads them every 2 s: too late for a short
  // command, which would get to its end after it was told to stop. An order becomes request_stop().
  void look_at_orders();
  // Waits for a server that is away (sql/retry.h).
  void finish(const std::string& outcome, std::int64_t images = 0, std::int64_t bytes = 0);
  // True once RunLife::lost was called. Thread-safe.
  bool lost() const { return heart_ && heart_->lost(); }

  // Call it when the ledger was dropped: nothing more is written about this run.
  void forget();

 private:
  void enter(const std::string& command);
  void write_end(const std::string& outcome, std::int64_t images, std::int64_t bytes);

  Session& session_;
  std::string id_;
  bool finished_ = false;
  std::unique_ptr<Heartbeat> heart_;
};

// How fast the site was read recently, in bytes per second over all streams: the fastest of the
// last three backfill and verify runs that read 64 MiB or more, whether they reached their end or
// not. 0 if there is none.
std::int64_t earlier_pace(Session& session);

std::vector<RunRow> recent_runs(Session& session, std::int64_t count);

// The runs that are at work now, oldest first: unfinished, and either their process is alive on
// this host, or they are of another host with a heartbeat of less than kHeartbeatLimitSeconds from
// now.
std::vector<LiveRun> live_runs(Session& session);
// The ids of all unfinished runs, also of those that seem dead.
std::vector<std::string> unfinished_run_ids(Session& session);

}  // namespace backglance
