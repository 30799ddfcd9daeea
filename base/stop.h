// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace backglance {

// Makes SIGINT, SIGTERM and SIGHUP ask for a clean end. One that comes more than a second after the
// first ends the process at once with the signal's default action; within that second it is the
// same wish (`timeout` sends each signal to the process and to its group). Call once, before
// threads start.
void install_stop_handlers();

// Who asks for a clean end: a signal to this process, `backglance stop` to all, or the run itself
// because another took it for dead.
enum class StopWish { none, signal, fleet, lost };

// True once a clean end was asked for, by a signal or by request_stop(). Any thread.
bool stop_requested();
// Who asked for it first.
StopWish stop_wish();

// Sleeps for so long, or until `should_stop` says so, which is asked every 50 ms.
template <typename ShouldStop>
void sleep_unless(const ShouldStop& should_stop, std::chrono::steady_clock::duration time) {
  using Clock = std::chrono::steady_clock;
  constexpr Clock::duration kStep = std::chrono::milliseconds(50);
  const auto until = Clock::now() + time;
  for (auto left = time; left > Clock::duration::zero() && !should_stop();
       left = until - Clock::now())
    std::this_thread::sleep_for(std::min(left, kStep));
}

// Asks for a clean end from within the process; reset_stop() takes it back (tests).
void request_stop(StopWish wish = StopWish::signal);
void reset_stop();

}  // namespace backglance
