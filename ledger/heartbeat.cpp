// SPDX-License-Identifier: Apache-2.0
#include "ledger/heartbeat.h"

#include <algorithm>
#include <utility>

#include "base/bounded.h"
#include "base/stop.h"
#include "ledger/queue.h"
#include "sql/retry.h"
#include "sql/text.h"

namespace backglance {
namespace {

using std::chrono::seconds;

// An order must take effect within 5 s: one look, and one statement that may wait for a lock.
constexpr seconds kLook{2};
constexpr seconds kLockTimeout{2};
// Often enough to make `status` useful. A run without figures only shows that it lives, so it beats
// less often: on SQLite, each write makes contract's safety copy begin again.
constexpr seconds kBeat{10};
constexpr seconds kQuietBeat{30};
// Reading stops this long before the leases end.
constexpr seconds kMargin{20};

}  // namespace

void record_heartbeat(Session& session, const std::string& run_id, const RunFigures& figures,
                      std::int64_t bytes_per_second) {
  session.execute(sql_text(session.engine(), "runs", "heartbeat"),
                  {{"run", run_id},
                   {"images", figures.images},
                   {"bytes", figures.bytes},
                   {"rate", bytes_per_second},
                   {"waiting_for", text_or_null(bounded(figures.waiting_for, kLongestReason))}});
}

Heartbeat::Heartbeat(DatabaseUrl database, std::string run_id, RunLife life)
    : database_(std::move(database)),
      run_id_(std::move(run_id)),
      life_(std::move(life)),
      beaten_(Clock::now()) {
  // Leases that are claimed before the first beat are valid from here on too.
  tell_renewed();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Heartbeat::~Heartbeat() {
  thread_.request_stop();
  wake_.notify_all();
}

void Heartbeat::run(const std::stop_token& stop) {
  auto next = Clock::now();
  while (!lost_.load()) {
    // Absolute times: a statement that had to wait does not delay the next look.
    next = std::max(next + kLook, Clock::now());
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, next, [] { return false; });
    if (stop.stop_requested())
      return;
    // Check this first. After a suspend, another run may hold our leases, and the database answers
    // as if nothing had happened.
    if (lease_ended() || (!look_and_beat() && lease_ended()))
      lose();
  }
}

// Leases end by the database's clock. It may have been set, or after a failover be that of another
// node, so both clocks are checked: this host's clock since boot and the database's.
bool Heartbeat::lease_ended() const {
  if (!life_.lease)
    return false;
  const auto good = *life_.lease - kMargin;
  return Clock::now() - beaten_ > good ||
         (beaten_by_database_ && database_now_ - *beaten_by_database_ > good.count());
}

void Heartbeat::tell_renewed() const {
  if (life_.lease && life_.renewed)
    life_.renewed(beaten_ + *life_.lease - kMargin);
}

bool Heartbeat::look_and_beat() {
  const auto began = ServerWait::Clock::now();
  try {
    if (!session_)
      session_.emplace(database_, SessionOptions{.lock_timeout = kLockTimeout});
    const Orders orders = read_orders(*session_, run_id_);
    // Now the database's clock is known: check the leases again before this look counts.
    database_now_ = orders.now;
    if (lease_ended())
      return false;
    wait_.over();
    obey(orders);
    if (lost())
      return true;
    // Report at once that a wait begins or ends.
    due_ = due_ || figures().waiting_for.empty() != told_.waiting_for.empty();
    if (due_ || Clock::now() - beaten_ >= (life_.figures ? kBeat : kQuietBeat))
      beat();
    return true;
  } catch (const Error& error) {
    // Here only time counts: the session that writes meets the same error. But while one image is
    // read for hours, it writes nothing, and a person must learn of a server that is away.
    // Any other error may have broken the session: open a new one at the next look.
    if (error.kind() != ErrorKind::busy) {
      wait_.failed(error, began, life_.lease ? *life_.lease - kMargin : BusyAttempts{}.away);
      session_.reset();
    }
    return false;
  }
}

void Heartbeat::obey(const Orders& orders) {
  if (orders.given_up)
    return lose();
  if (orders.stop)
    request_stop(StopWish::fleet);
  // A beat shows at once that the run obeys.
  due_ = due_ || orders.fleet.paused != paused_;
  paused_ = orders.fleet.paused;
  if (life_.obey)
    life_.obey(orders.fleet);
}

void Heartbeat::beat() {
  const auto began = Clock::now();
  // Renew first: a beat that fails afterwards does not advance beaten_, so the leases seem older
  // than they are, which is safe.
  if (life_.lease && life_.renew)
    life_.renew(*session_, run_id_, life_.held());
  else if (life_.lease)
    Queue(*session_).renew(run_id_, life_.held(), *life_.lease);
  const RunFigures now = figures();
  const double passed = std::chrono::duration<double>(began - beaten_).count();
  const double rate = static_cast<double>(now.bytes - told_.bytes) / std::max(passed, 1e-3);
  record_heartbeat(*session_, run_id_, now, static_cast<std::int64_t>(rate));
  beaten_ = began;
  beaten_by_database_ = database_now_;
  told_ = now;
  due_ = false;
  tell_renewed();
}

void Heartbeat::lose() {
  lost_.store(true);
  if (life_.lost)
    life_.lost();
  else
    request_stop(StopWish::lost);
}

}  // namespace backglance
