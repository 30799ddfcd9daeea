#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
};

// Within a transaction: until its end no run begins. Needs backglance_control.
void lock_runs(Session& session);

// One run of a command that changes something, from start to finish, in backglance_run.
class Run {
 public:
  // Ends the rows of runs of this host whose process is no more and frees their leases, then enters
  // this run. Throws Error{locked} if a live run's command excludes this one: backfill and verify
  // run beside each other in any number, everything else runs alone. Needs the ledger.
  Run(Session& session, const std::string& command);
  // A run that was not finished ends as "failed", or "interrupted" after a signal.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const std::string& id() const { return id_; }
  // Waits for a server that is away, as sql/retry.h has it.
  void finish(const std::string& outcome, std::int64_t images = 0, std::int64_t bytes = 0);

  // Nothing more is written about this run: the ledger itself is gone.
  void forget() { finished_ = true; }

  // Says that the run lives, and how far it is. By another session, so that another thread may call
  // it.
  static void heartbeat(Session& session, const std::string& run_id, std::int64_t images,
                        std::int64_t bytes);

 private:
  void enter(const std::string& command);
  void write_end(const std::string& outcome, std::int64_t images, std::int64_t bytes);

  Session& session_;
  std::string id_;
  bool finished_ = false;
};

// How fast the site was read of late, in bytes per second over all jobs: the best of the last three
// backfill and verify runs, broken off or not, that read 64 MiB or more. 0 if there is none.
std::int64_t earlier_pace(Session& session);

std::vector<RunRow> recent_runs(Session& session, std::int64_t count);

// The runs that are at work now: unfinished, and their process alive, or of another host with a
// recent heartbeat.
std::vector<RunRow> live_runs(Session& session);

}  // namespace backglance
