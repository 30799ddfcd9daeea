// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/stop.h"
#include "sql/session.h"

namespace backglance {

// 10 ms to 2 s: random, and longer from attempt to attempt.
inline std::chrono::milliseconds moment_before(int attempt) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const int longest = std::min(2000, 20 << std::min(attempt, 7));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int>(longest / 2, longest)(random));
}

// Runs `work` again while somebody else's lock outlasts our wait (Error{busy}), and after the
// connection was lost, a COMMIT's answer included (lost, in_doubt), once there is a new one: a run
// that has read for hours is not ended by a lock of some seconds or by a server that is restarted.
// Some minutes in all, after a wish to stop some seconds. `work` must find out by itself what an
// attempt before it has done: whole or not at all, as one statement or one transaction is, and
// known by run and token. Within a transaction nothing is repeated: it is undone as a whole.
//
// Where a lock is waited for, each attempt waits for SessionOptions::lock_timeout by itself. What
// is refused at once (a deadlock, a conflict between Galera's nodes, of which all but one lose) is
// tried again after a moment that grows and differs from host to host.
struct BusyAttempts {
  int waited = 18;
  int refused = 18;
  std::chrono::seconds away{600};  // of the server
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
  for (;;) {
    const auto began = steady_clock::now();
    try {
      return work();
    } catch (const Error& error) {
      const bool lost = error.kind() == ErrorKind::lost || error.kind() == ErrorKind::in_doubt;
      const auto now = steady_clock::now();
      const bool busy = error.kind() == ErrorKind::busy;
      if (busy)
        ++(now - began < kWaited ? refused : waited);
      if ((!lost && !busy) || waited >= attempts.waited || refused >= attempts.refused ||
          session.is_held())
        throw;
      if (busy) {
        if (now - began < kWaited)
          std::this_thread::sleep_for(moment_before(refused));
        continue;
      }
      lost_at = lost_at.value_or(now);
      // Who is to end has something to write still: on one more connection, if there is a server.
      if (now - *lost_at >
          (stop_requested() ? std::min(kWhenStopped, attempts.away) : attempts.away))
        throw;
    }
    // The first attempt on a new connection is at once; the next find a server that is away.
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace backglance
