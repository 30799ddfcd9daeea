// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <type_traits>

#include "base/error.h"
#include "base/stop.h"
#include "sql/server_wait.h"
#include "sql/session.h"

namespace backglance {

// A random pause of 10 ms to 2 s, longer with each attempt.
inline std::chrono::milliseconds moment_before(int attempt) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const int longest = std::min(2000, 20 << std::min(attempt, 7));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int>(longest / 2, longest)(random));
}

// Runs `work`, and repeats it in two cases, so that a short lock or a restart of the server does
// not end a run that has read for hours:
// - Error{busy}: another session held a lock for longer than we wait.
// - Error{lost} and Error{in_doubt}: the connection broke, perhaps during a COMMIT. The next
//   attempt uses a new connection.
// It gives up after some minutes, and after some seconds if a stop was requested.
//
// DANGER: `work` may run again after an attempt that did succeed. It must be all or nothing (one
// statement or one transaction), and must recognise by run and token what an earlier attempt has
// done. Inside a transaction nothing is repeated, because the transaction is rolled back as a
// whole.
//
// An attempt that waits for a lock waits for SessionOptions::lock_timeout. An attempt that is
// refused at once (a deadlock, or a conflict between Galera nodes) is repeated after a random,
// growing pause, so that hosts do not collide again.
//
// A wait of more than some seconds is told to a person, see sql/server_wait.h.
struct BusyAttempts {
  int waited = 18;                 // attempts that waited for a lock
  int refused = 18;                // attempts that were refused at once
  std::chrono::seconds away{600};  // how long the server may be away
};
template <typename Work>
auto retry(Session& session, const Work& work, BusyAttempts attempts = {}) {
  using namespace std::chrono;
  constexpr seconds kWhenStopped{5};
  constexpr milliseconds kPause{250};
  constexpr seconds kWaited{1};
  std::optional<steady_clock::time_point> lost_at;
  int waited = 0;
  int refused = 0;
  ServerWait wait;
  for (;;) {
    const auto began = steady_clock::now();
    try {
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        wait.over();
        return;
      } else {
        auto result = work();
        wait.over();
        return result;
      }
    } catch (const Error& error) {
      const bool lost = error.kind() == ErrorKind::lost || error.kind() == ErrorKind::in_doubt;
      const auto now = steady_clock::now();
      const bool busy = error.kind() == ErrorKind::busy;
      if (busy)
        ++(now - began < kWaited ? refused : waited);
      if ((!lost && !busy) || waited >= attempts.waited || refused >= attempts.refused ||
          session.is_held())
        throw;
      // No more than that for the attempts that wait for a lock: each of them waits that long.
      wait.failed(error, began,
                  busy
                      ? seconds(attempts.waited * std::max<std::int64_t>(1, session.lock_seconds()))
                      : attempts.away);
      if (busy) {
        if (now - began < kWaited)
          std::this_thread::sleep_for(moment_before(refused));
        continue;
      }
      lost_at = lost_at.value_or(now);
      // A run that must stop still has results to write: it may try new connections for some
      // seconds.
      if (now - *lost_at >
          (stop_requested() ? std::min(kWhenStopped, attempts.away) : attempts.away))
        throw;
    }
    // A short pause before each attempt on a new connection: the server may still be away.
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace backglance
