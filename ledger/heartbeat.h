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
#include "sql/session.h"

namespace backglance {

// How far a run is, for its row in backglance_run.
struct RunFigures {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::string waiting_for = {};  // one line without secrets; empty: it does not wait
};

// What a run does beside its work, for as long as it lives. Each function may be left out. They are
// called by the heartbeat's thread, `obey` first by the one that begins the run.
struct RunLife {
  std::function<RunFigures()> figures = {};
  // Of the images that the run holds: renewed with each beat. `held` tells their ids, and goes with
  // it.
  std::optional<std::chrono::seconds> lease = {};
  std::function<std::vector<std::string>()> held = {};
  // Told with each beat until when the leases are good for reading, whatever becomes of the
  // heartbeat's thread.
  std::function<void(BootClock::time_point)> renewed = {};
  // Told at every look whether the fleet is paused.
  std::function<void(const FleetState&)> obey = {};
  // The run has no right to its images any more: its leases could not be renewed until shortly
  // before their end, because the database was away or this host was suspended, or another run took
  // it for dead. Left out: a wish to stop.
  std::function<void()> lost = {};
};

// Says once that the run lives, and how far it is. By another session than the run's own, so that
// another thread may call it.
void record_heartbeat(Session& session, const std::string& run_id, const RunFigures& figures,
                      std::int64_t bytes_per_second);

// Shows that a run lives, renews its leases, and looks what it is told to do: from one thread, by a
// session of its own, which it opens when it first needs it. A thread of its own, not a task of
// oneTBB's, because it does nothing but wait. A wish to stop becomes request_stop(StopWish::fleet).
// While the database cannot be reached the run goes on as it was told last.
class Heartbeat {
 public:
  Heartbeat(DatabaseUrl database, std::string run_id, RunLife life);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // RunLife::lost has been called.
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
  Clock::time_point beaten_;                        // when the last beat that succeeded began
  std::int64_t database_now_ = 0;                   // at the last look, by the database's clock
  std::optional<std::int64_t> beaten_by_database_;  // the same of beaten_
  bool due_ = true;                                 // for a beat before its time
  RunFigures told_;                                 // with it
  bool paused_ = false;                             // as it was told last
  std::atomic<bool> lost_{false};
  std::mutex mutex_;  // of wake_ alone; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
