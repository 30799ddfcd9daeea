// SPDX-License-Identifier: Apache-2.0
#include "read/pace/throttle.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sql/session.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kLook{2};
constexpr const char* kLoad = "load";
constexpr const char* kLag = "lag";
constexpr const char* kFlowControl = "flow_control";

// Limits for Galera's flow control: the share of time in which it stopped the cluster's writers,
// and the number of write sets that this node has not applied yet. Galera's own limit
// (gcs.fc_limit) is 16 by default.
constexpr double kPausedShare = 0.05;
constexpr double kQueued = 16;

SessionOptions watching() {
  // A short wait: the watch must not hang on a busy server.
  return {.mode = OpenMode::read_only, .lock_timeout = std::chrono::seconds{2}};
}

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

// One server with its own session, and what was reported about it.
struct ThrottleWatch::Server {
  explicit Server(const DatabaseUrl& url) : name(url.redacted()), session(url, watching()) {}

  std::string name;
  Session session;
  bool silent = false;
  bool said_no_replica = false;
};

void require_supported(const DatabaseUrl& database, const ThrottleOptions& options) {
  const EngineFacts& facts = engine_facts(database.engine);
  if (options.max_load && !facts.tells_load)
    throw Error(ErrorKind::usage, fmt::format("--max-load is not supported with {}", facts.title));
  if (options.max_lag && options.lag_databases.empty() && !facts.primary_knows_lag)
    throw Error(ErrorKind::usage, fmt::format("--max-lag: {} cannot tell how far its replicas are "
                                              "behind; name the replicas with --lag-database URL",
                                              facts.title));
  for (const DatabaseUrl& url : options.lag_databases)
    if (!engine_facts(url.engine).tells_load)
      throw Error(ErrorKind::usage, fmt::format("--lag-database {}: {} has no replicas",
                                                url.redacted(), engine_facts(url.engine).title));
}

bool Brake::holds(double value) {
  constexpr double kCalm = 0.8;
  constexpr int kTimes = 3;
  if (value > limit_) {
    holds_ = true;
    calm_ = 0;
  } else if (holds_) {
    calm_ = value <= kCalm * limit_ ? calm_ + 1 : 0;
    holds_ = calm_ < kTimes;
  }
  return holds_;
}

ThrottleWatch::ThrottleWatch(const DatabaseUrl& database, const ThrottleOptions& options,
                             PauseGate& gate, std::function<void(const std::string&)> warn)
    : options_(options),
      gate_(gate),
      warn_(std::move(warn)),
      load_(static_cast<double>(options.max_load.value_or(0))),
      lag_(static_cast<double>(options.max_lag.value_or(std::chrono::seconds{0}).count())),
      flow_(1) {
  require_supported(database, options);
  const EngineFacts& facts = engine_facts(database.engine);
  // On Galera, flow control is watched even if nothing was asked for.
  const bool asked = options.max_load || options.max_lag;
  if (!asked && !facts.may_be_galera)
    return;
  servers_.push_back(std::make_unique<Server>(database));
  if (!asked && !flow_control(servers_.front()->session)) {
    servers_.clear();
    return;
  }
  if (options.max_lag && options.lag_databases.empty())
    require_visible_lag(servers_.front()->session);
  for (const DatabaseUrl& url : options.lag_databases)
    servers_.push_back(std::make_unique<Server>(url));
  look();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ThrottleWatch::~ThrottleWatch() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake_.notify_all();
    thread_.join();
  }
  for (const char* source : {kLoad, kLag, kFlowControl})
    // The gate must not stay closed by a watch that has ended.
    gate_.open(source);
}

void ThrottleWatch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kLook, [] { return false; });
    if (!stop.stop_requested())
      look();
  }
}

// False if the server does not answer. It is asked twice: a broken session connects again at the
// second attempt, and a run that waits must not start to read because of one lost connection.
bool ThrottleWatch::ask(Server& server, const std::function<void(Session&)>& question) {
  for (int attempt = 1; attempt <= 2; ++attempt) {
    try {
      question(server.session);
    } catch (const Error& error) {
      if (std::exchange(server.silent, true))
        return false;
      warn_(fmt::format("throttle: no answer, asking again every {} s: {}", kLook.count(),
                        error.what()));
      continue;
    }
    if (std::exchange(server.silent, false))
      warn_(fmt::format("throttle: {} answers again", server.name));
    return true;
  }
  return false;
}

void ThrottleWatch::look() {
  std::vector<ReplicaLag> lags;
  const bool answered = ask(*servers_.front(), [&](Session& session) {
    if (options_.max_load)
      look_at_load(session);
    if (options_.max_lag && session.engine().primary_knows_lag) {
      lags = replica_lags(session);
      note_departures(lags);
    }
    add_stalls(lags);
    look_at_flow_control(session);
  });
  // A server that does not answer must not make the run wait for ever.
  if (!answered) {
    gate_.open(kLoad);
    gate_.open(kFlowControl);
    flow_before_.reset();
  }
  for (std::size_t i = 1; i < servers_.size(); ++i) {
    Server& server = *servers_[i];
    ask(server, [&](Session& session) {
      const auto behind = own_lag(session);
      if (behind)
        lags.push_back({server.name, *behind});
      else if (!std::exchange(server.said_no_replica, true))
        warn_(fmt::format("--lag-database {}: this server is not a replica", server.name));
    });
  }
  if (options_.max_lag)
    look_at_lag(lags);
}

// A replica that is no longer connected does not make the run wait, like a server that does not
// answer.
void ThrottleWatch::note_departures(const std::vector<ReplicaLag>& lags) {
  std::set<std::string> here;
  for (const ReplicaLag& lag : lags)
    here.insert(lag.replica);
  for (const std::string& replica : replicas_)
    if (!here.contains(replica))
      warn_(fmt::format(
          "--max-lag: {} is no longer connected, and backglance no longer waits for it", replica));
  replicas_ = std::move(here);
}

// A primary only knows the lag of what was replayed. If the replay stands still, the lag is the
// time for which we have seen it stand.
void ThrottleWatch::add_stalls(std::vector<ReplicaLag>& lags) {
  const auto now = std::chrono::steady_clock::now();
  std::map<std::string, Stall> seen;
  for (ReplicaLag& lag : lags) {
    if (lag.stands_at.empty())
      continue;
    const auto before = stalls_.find(lag.replica);
    const bool stood = before != stalls_.end() && before->second.position == lag.stands_at;
    const auto since = stood ? before->second.since : now;
    seen[lag.replica] = {lag.stands_at, since};
    lag.behind = std::max(lag.behind.value_or(std::chrono::milliseconds{0}),
                          std::chrono::duration_cast<std::chrono::milliseconds>(now - since));
  }
  stalls_ = std::move(seen);
}

void ThrottleWatch::look_at_load(Session& session) {
  const ServerLoad load = read_load(session);
  if (load.hidden > 0 && !std::exchange(said_hidden_, true))
    warn_(
        fmt::format("--max-load: {} of other roles are not counted, because this role may not see "
                    "them; GRANT pg_read_all_stats to it",
                    counted(load.hidden, "session")));
  if (load_.holds(static_cast<double>(load.active)))
    gate_.close(kLoad, fmt::format("database load {}, --max-load is {}", load.active,
                                   options_.max_load.value_or(0)));
  else
    gate_.open(kLoad);
}

void ThrottleWatch::look_at_lag(const std::vector<ReplicaLag>& lags) {
  const ReplicaLag* worst = nullptr;
  for (const ReplicaLag& lag : lags)
    // A replica without a figure is the worst.
    if (worst == nullptr || (worst->behind && (!lag.behind || *lag.behind > *worst->behind)))
      worst = &lag;
  const double limit = static_cast<double>(options_.max_lag->count());
  double seconds = 0;
  // A stopped replica falls behind more every second, whatever its last figure was.
  if (worst != nullptr)
    seconds = worst->behind ? static_cast<double>(worst->behind->count()) / 1000 : limit + 1;
  if (!lag_.holds(seconds)) {
    gate_.open(kLag);
    return;
  }
  const auto text = [&]() -> std::string {
    if (worst == nullptr)
      return "no replica answers";
    if (!worst->behind)
      return fmt::format("replication has stopped on {}", worst->replica);
    return fmt::format("{} is {} behind", worst->replica, seconds_text(*worst->behind));
  };
  gate_.close(kLag, fmt::format("{}, --max-lag is {} s", text(), options_.max_lag->count()));
}

void ThrottleWatch::look_at_flow_control(Session& session) {
  const auto now = std::chrono::steady_clock::now();
  const auto flow = flow_control(session);
  // After a reconnect this may be another node with another counter.
  if (std::exchange(flow_reconnects_, session.reconnects()) != session.reconnects())
    flow_before_.reset();
  double share = 0;
  if (flow && flow_before_) {
    const std::chrono::duration<double, std::nano> passed = now - flow_at_;
    share = static_cast<double>(flow->paused_nanoseconds - flow_before_->paused_nanoseconds) /
            std::max(passed.count(), 1.0);
  }
  flow_before_ = flow;
  flow_at_ = now;
  const double queued = flow ? static_cast<double>(flow->queued) : 0;
  if (flow_.holds(std::max(share / kPausedShare, queued / kQueued)))
    gate_.close(kFlowControl,
                fmt::format("Galera's flow control: writers stopped for {:.0f}% of the time, {} "
                            "write sets queued",
                            share * 100, queued));
  else
    gate_.open(kFlowControl);
}

}  // namespace backglance
