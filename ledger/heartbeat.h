// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/boot_clock.h"
#include "glance/database_url.h"
#include "ledger/control.h"
#include "sql/server_wait.h"
#include "sql/session.h"

namespace backglance {

// The progress of a run, for its row in backglance_run.
struct RunFigures {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::string waiting_for = {};  // one line without secrets; empty if it does not wait
};

// What the heartbeat does for a run. Each function may be left out. The heartbeat's thread calls
// them; the thread that begins the run makes the first call of `obey`.
struct RunLife {
  std::function<RunFigures()> figures = {};
  // The lease of the images that the run holds; each beat renews it. Set it together with `held`,
  // which returns the ids of these images.
  std::optional<std::chrono::seconds> lease = {};
  std::function<std::vector<std::string>()> held = {};
  // Renews these leases; empty: those of the queue of backfill.
  std::function<void(Session&, const std::string& run_id, const std::vector<std::string>& ids)>
      renew = {};
  // Called with each beat. Until the time that it passes, the leases are valid and the run may
  // read, even if the heartbeat's thread hangs.
  std::function<void(BootClock::time_point)> renewed = {};
  // Called at every look, with the order that holds for the fleet.
  std::function<void(const FleetState&)> obey = {};
  // Called once the run has no right to its images any more: another run declared it dead, or its
  // leases could not be renewed until shortly before their end, because the database was away or
  // this host was suspended. If left out, the heartbeat calls request_stop(StopWish::lost).
  std::function<void()> lost = {};
};

// Writes one heartbeat with these figures into the run's row. It uses the session that it is given
// and not the run's own, so another thread may call it.
void record_heartbeat(Session& session, const std::string& run_id, const RunFigures& figures,
                      std::int64_t bytes_per_second);

// Shows that a run lives, renews its leases and reads its orders, from one thread. Its session is
// its own and is opened when it is first needed. The thread is not a task of oneTBB, because it
// does nothing but wait. An order to stop becomes request_stop(StopWish::fleet). While the database
// cannot be reached, the run follows the last order that it read.
class Heartbeat {
 public:
  Heartbeat(DatabaseUrl database, std::string run_id, RunLife life);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // True once RunLife::lost was called. Thread-safe.
  bool lost() const { return lost_.load(); }

 private:
  using Clock = BootClock;

  void run(const std::stop_token& stop);
  bool look_and_beat();
  bool lease_ended() const;
  void tell_renewed() const;
  void obey(const Orders& orders);
  void beat();
  void lose();
  RunFigures figures() const { return life_.figures ? life_.figures() : RunFigures{}; }

  const DatabaseUrl database_;
  const std::string run_id_;
  const RunLife life_;
  std::optional<Session> session_;
  ServerWait wait_;
  Clock::time_point beaten_;       // when the last successful beat began
  std::int64_t database_now_ = 0;  // unix seconds of the database's clock, at the last look
  std::optional<std::int64_t> beaten_by_database_;  // database_now_ at that beat
  bool due_ = true;                                 // a beat is due before its time
  RunFigures told_;                                 // the figures of the last beat
  bool paused_ = false;                             // the fleet was paused at the last look
  std::atomic<bool> lost_{false};
  std::mutex mutex_;  // only for wake_; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
