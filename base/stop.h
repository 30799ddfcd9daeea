// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace backglance {

// Makes SIGINT, SIGTERM and SIGHUP request a clean end. A second signal, more than one second after
// the first, ends the process at once with the signal's default action. Within that second it
// counts as the same request, because `timeout` sends each signal to the process and also to its
// group. Call once, before threads start.
void install_stop_handlers();

// Who requested a clean end: `signal`: a signal to this process; `fleet`: `backglance stop`;
// `lost`: the run itself, because another run has declared it dead.
enum class StopWish { none, signal, fleet, lost };

// True once a clean end was requested, by a signal or by request_stop(). Any thread.
bool stop_requested();
// Who requested it first.
StopWish stop_wish();

// Sleeps for `time`, or until `should_stop` returns true. It is called every 50 ms.
template <typename ShouldStop>
void sleep_unless(const ShouldStop& should_stop, std::chrono::steady_clock::duration time) {
  using Clock = std::chrono::steady_clock;
  constexpr Clock::duration kStep = std::chrono::milliseconds(50);
  const auto until = Clock::now() + time;
  for (auto left = time; left > Clock::duration::zero() && !should_stop();
       left = until - Clock::now())
    std::this_thread::sleep_for(std::min(left, kStep));
}

// Requests a clean end from within the process. reset_stop() cancels the request; only tests use
// it.
void request_stop(StopWish wish = StopWish::signal);
void reset_stop();

}  // namespace backglance
