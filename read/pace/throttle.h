// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "glance/database_url.h"
#include "read/pace/pause_gate.h"
#include "sql/load.h"

namespace backglance {

// When a run waits because the database has other work.
struct ThrottleOptions {
  std::optional<std::int64_t> max_load;         // active sessions that are not ours
  std::optional<std::chrono::seconds> max_lag;  // of the slowest replica
  std::vector<DatabaseUrl> lag_databases;       // replicas that are asked for their own lag
};

// Throws Error{usage} for a figure that an engine cannot report. Asks no server.
void require_supported(const DatabaseUrl& database, const ThrottleOptions& options);

// One measured figure with a limit. Above the limit the run waits at once. It continues after three
// measurements in a row of at most four fifths of the limit: otherwise, a run that causes the load
// itself would start and stop all the time.
class Brake {
 public:
  explicit Brake(double limit) : limit_(limit) {}
  // Adds a measurement. True if the run must wait now.
  bool holds(double value);

 private:
  double limit_;
  bool holds_ = false;
  int calm_ = 0;
};

// Asks the database and the named replicas every 2 s, with sessions of its own, and closes the gate
// while a figure is above its limit. On a Galera cluster it also waits for flow control, without
// being asked to. A server that does not answer is reported once and does not make the run wait; it
// is asked again.
class ThrottleWatch {
 public:
  // The first look is done when this returns. `warn` may be called by any thread. Throws
  // Error{usage} for a figure that this database cannot report, and what a Session throws.
  ThrottleWatch(const DatabaseUrl& database, const ThrottleOptions& options, PauseGate& gate,
                std::function<void(const std::string&)> warn);
  ~ThrottleWatch();
  ThrottleWatch(const ThrottleWatch&) = delete;
  ThrottleWatch& operator=(const ThrottleWatch&) = delete;

 private:
  struct Server;  // a server that is asked

  // All of these run in the watch's own thread; the first look() in the constructor's.
  void run(const std::stop_token& stop);
  void look();
  bool ask(Server& server, const std::function<void(Session&)>& question);
  void look_at_load(Session& session);
  void look_at_flow_control(Session& session);
  void look_at_lag(const std::vector<ReplicaLag>& lags);
  void note_departures(const std::vector<ReplicaLag>& lags);
  void add_stalls(std::vector<ReplicaLag>& lags);

  const ThrottleOptions options_;
  PauseGate& gate_;
  const std::function<void(const std::string&)> warn_;
  std::vector<std::unique_ptr<Server>> servers_;  // the database itself, then the replicas
  Brake load_;
  Brake lag_;
  Brake flow_;
  // The counters at the last look, and on which connection they were read.
  std::optional<FlowControl> flow_before_;
  std::chrono::steady_clock::time_point flow_at_;
  int flow_reconnects_ = 0;
  // Where the replay of a replica stands, and since when we have seen it there.
  struct Stall {
    std::string position;
    std::chrono::steady_clock::time_point since;
  };
  std::map<std::string, Stall> stalls_;  // by replica
  std::set<std::string> replicas_;       // replicas that were connected at the last look
  bool said_hidden_ = false;
  std::mutex mutex_;  // only for wake_; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
