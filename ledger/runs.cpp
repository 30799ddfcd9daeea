// SPDX-License-Identifier: Apache-2.0
#include "ledger/runs.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "base/process.h"
#include "base/stop.h"
#include "base/text.h"
#include "ledger/queue.h"
#include "sql/retry.h"
#include "sql/text.h"
#include "version.h"

namespace backglance {
namespace {

// 16 bytes, written like a UUID: the milliseconds since 1970, then random ones. So the ids of runs
// that began in the same second, which is all that started_at shows, are in the order of the runs.
std::string new_id() {
  constexpr std::size_t kTime = 6;
  std::array<unsigned char, 16> bytes = {};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(ErrorKind::io, "no random numbers from OpenSSL");
  using std::chrono::milliseconds;
  using std::chrono::system_clock;
  auto time = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  for (std::size_t i = kTime; i > 0; --i, time >>= 8U)
    bytes[i - 1] = static_cast<unsigned char>(time & 0xFFU);
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      id += '-';
    id += fmt::format("{:02x}", bytes[i]);
  }
  return id;
}

const std::string& run_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "runs", name);
}

struct Unfinished {
  LiveRun run;
  bool alive = false;
};

// All runs without an end, dead or alive.
std::vector<Unfinished> unfinished_runs(Session& session) {
  std::vector<Unfinished> runs;
  session.query(run_sql(session, "unfinished"), {}, [&](const SqlRow& row) {
    Unfinished one;
    one.run.run_id = row.text_or_empty(0);
    one.run.command = row.text_or_empty(1);
    one.run.host = row.text_or_empty(2);
    one.run.started_at = row.integer_or(5, 0);
    one.run.images = row.integer_or(6, 0);
    one.run.bytes = row.integer_or(7, 0);
    one.run.heartbeat_age = row.integer_or(4, 0);
    one.run.bytes_per_second = row.integer_or(8, 0);
    one.run.waiting_for = row.text_or_empty(9);
    one.run.stop_at = row.integer(10);
    one.run.stop_by = row.text_or_empty(11);
    // A process can be looked up only on this host; for other hosts the heartbeat decides.
    const auto lives = process_lives_on(one.run.host, row.text_or_empty(3));
    one.run.clock_ahead = -one.run.heartbeat_age;
    one.alive = lives.value_or(std::abs(one.run.heartbeat_age) < kHeartbeatLimitSeconds);
    // The clocks of two nodes may differ by a few seconds.
    one.run.heartbeat_age = std::max<std::int64_t>(one.run.heartbeat_age, 0);
    runs.push_back(std::move(one));
  });
  return runs;
}

// The outcome of a run that an exception ended.
std::string outcome_of_wish() {
  switch (stop_wish()) {
    case StopWish::signal:
      return "interrupted";
    case StopWish::fleet:
      return "stopped";
    case StopWish::lost:
    case StopWish::none:
      break;
  }
  return "failed";
}

}  // namespace

bool reads_images(const std::string& command) {
  return command == "backfill" || command == "verify";
}

void lock_runs(Session& session) {
  const SqlParameters host = {{"host", host_name()}};
  if (session.execute(run_sql(session, "lock_runs"), host) > 0)
    return;
  // The first run of a site makes the row. If another run made it at the same moment, wait for that
  // run here.
  if (session.execute(run_sql(session, "make_runs_lock"), host) == 0)
    session.execute(run_sql(session, "lock_runs"), host);
}

Run::Run(Session& session, const std::string& command, RunLife life)
    : session_(session), id_(new_id()) {
  // On Galera, if several nodes begin a run at the same time, all but one fail to commit, at each
  // attempt. So do not wait long for a lock that somebody keeps.
  retry(session_, [&] { enter(command); }, {.waited = 2});
  // A pause is written under the lock of runs. A run that begins later reads it here; a run that
  // began before is among those that the pause reached.
  if (life.obey)
    life.obey(retry(session_, [&] { return read_fleet(session_); }));
  // Last: from here on another thread uses `life`.
  heart_ = std::make_unique<Heartbeat>(session.url(), id_, std::move(life));
}

// Safe to repeat after a lost answer.
void Run::enter(const std::string& command) {
  Transaction transaction(session_);
  // If two runs begin at the same time, the second waits here and then sees the first.
  lock_runs(session_);
  for (const Unfinished& other : unfinished_runs(session_)) {
    if (other.run.run_id == id_)
      return;  // an earlier attempt was committed, and the answer was lost
    // Free a dead run's images now; otherwise they wait for the end of their leases.
    if (!other.alive) {
      session_.execute(run_sql(session_, "end_dead"), {{"run", other.run.run_id}});
      Queue(session_).release_run(other.run.run_id);
    } else if (!reads_images(command) || !reads_images(other.run.command)) {
      throw Error(
          ErrorKind::locked,
          fmt::format("another run is at work: {} on {} since {} UTC", printable(other.run.command),
                      printable(other.run.host), utc_time(within_calendar(other.run.started_at))),
          "backglance status");
    }
  }
  session_.execute(run_sql(session_, "start"), {{"run", id_},
                                                {"command", command},
                                                {"host", host_name()},
                                                {"process", this_process()},
                                                {"version", std::string(kVersion)}});
  transaction.commit();
}

Run::~Run() {
  if (finished_)
    return;
  heart_.reset();
  try {
    // The heartbeat has ended, so nobody renews these leases again.
    Queue(session_).release_run(id_);
    write_end(outcome_of_wish(), 0, 0);
  } catch (const Error&) {
    // The next run sees that this process is gone, and ends its row.
  }
}

void Run::look_at_orders() {
  const Orders orders = retry(session_, [&] { return read_orders(session_, id_); });
  if (orders.given_up)
    request_stop(StopWish::lost);
  else if (orders.stop)
    request_stop(StopWish::fleet);
}

void Run::finish(const std::string& outcome, std::int64_t images, std::int64_t bytes) {
  finished_ = true;
  retry(session_, [&] { write_end(outcome, images, bytes); });
}

void Run::write_end(const std::string& outcome, std::int64_t images, std::int64_t bytes) {
  session_.execute(run_sql(session_, "finish"),
                   {{"run", id_}, {"outcome", outcome}, {"images", images}, {"bytes", bytes}});
}

void Run::forget() {
  finished_ = true;
  heart_.reset();
}

std::int64_t earlier_pace(Session& session) {
  // A shorter run shows how long files take to open, not how fast they are read. The fastest of
  // several counts, because a run may have had only small images, or a --bandwidth.
  constexpr std::int64_t kLeastBytes = 64 << 20;
  constexpr std::int64_t kRuns = 3;
  std::int64_t best = 0;
  session.query(run_sql(session, "reading_times"), {{"least", kLeastBytes}, {"count", kRuns}},
                [&](const SqlRow& row) {
                  const auto seconds = std::max<std::int64_t>(row.integer_or(1, 0), 1);
                  best = std::max(best, row.integer_or(0, 0) / seconds);
                });
  return best;
}

std::vector<RunRow> recent_runs(Session& session, std::int64_t count) {
  std::vector<RunRow> runs;
  session.query(run_sql(session, "recent"), {{"count", count}}, [&](const SqlRow& row) {
    runs.push_back({row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2),
                    row.integer_or(3, 0), row.integer(4), row.text_or_empty(5),
                    row.integer_or(6, 0), row.integer_or(7, 0), row.integer(8),
                    row.text_or_empty(9), row.integer_or(10, 0)});
  });
  return runs;
}

std::vector<LiveRun> live_runs(Session& session) {
  std::vector<LiveRun> runs;
  for (Unfinished& one : unfinished_runs(session))
    if (one.alive)
      runs.push_back(std::move(one.run));
  return runs;
}

std::vector<std::string> unfinished_run_ids(Session& session) {
  std::vector<std::string> ids;
  for (Unfinished& one : unfinished_runs(session))
    ids.push_back(std::move(one.run.run_id));
  return ids;
}

}  // namespace backglance
