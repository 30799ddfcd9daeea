#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "backfill/reader.h"
#include "glance/site.h"
#include "sql/session.h"

namespace backglance {

// Keeps a run's leases and its row alive while it reads, from a thread and a session of its own. If
// the leases could not be renewed until shortly before their end, the run is abandoned: another
// host may be about to read the same. A thread of its own, not a task of oneTBB's, because it does
// nothing but wait.
class Heartbeat {
 public:
  Heartbeat(const Site& site, std::string run_id, ReadContext& context);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  bool lost() const { return lost_.load(); }

 private:
  void run(const std::stop_token& stop);
  bool beat();

  Session session_;
  std::string run_id_;
  ReadContext& context_;
  std::atomic<bool> lost_{false};
  std::mutex mutex_;  // of wake_ alone; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
