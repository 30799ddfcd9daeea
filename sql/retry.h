#pragma once

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/stop.h"
#include "sql/session.h"

namespace backglance {

// Runs `work` again while somebody else's lock outlasts our wait (Error{busy}), and after the
// connection was lost, a COMMIT's answer included (lost, in_doubt), on a new one: a run that has
// read for hours is not ended by a lock of some seconds or by a server that is restarted. Some
// minutes in all, and not after a wish to stop. `work` must find out by itself what an attempt
// before it has done: whole or not at all, as one statement or one transaction is, and known by run
// and token.
template <typename Work>
auto retry(Session& session, const Work& work) {
  using namespace std::chrono;
  constexpr int kBusyAttempts = 18;  // each waits for SessionOptions::lock_timeout by itself
  constexpr minutes kServerAway{10};
  constexpr milliseconds kPause{250};
  int busy = 0;
  for (;;) {
    try {
      return work();
    } catch (const Error& error) {
      const bool lost = error.kind() == ErrorKind::lost || error.kind() == ErrorKind::in_doubt;
      if (!lost && (error.kind() != ErrorKind::busy || ++busy >= kBusyAttempts))
        throw;
      if (!lost)
        continue;
    }
    const auto until = steady_clock::now() + kServerAway;
    for (bool back = false; !back;) {
      try {
        session.reconnect();
        back = true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::lost || stop_requested() || steady_clock::now() > until)
          throw;
        std::this_thread::sleep_for(kPause);
      }
    }
  }
}

}  // namespace backglance
