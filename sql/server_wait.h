// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/error.h"

namespace backglance {

// Tells a person that work waits for the database: the server is away, starts up, refuses a
// connection, or another session holds a lock. Whoever repeats work (sql/retry.h, the heartbeat)
// has one ServerWait for each piece of work and reports failed attempts to it. Several threads of a
// run wait for the same server, so all of them together are told as one wait: once after
// kTellAfter, again every kTellAgain, and once when the first of them gets an answer.

enum class ServerWaitNews {
  waits,     // the wait begins or goes on
  over,      // the database answers again
  given_up,  // an error follows, which ends the work
};
// `text` is one line without secrets. Called by any thread, by one at a time.
using TellServerWait = std::function<void(ServerWaitNews news, const std::string& text)>;
// Until this is called, and after an empty function, nobody is told. Set it while no thread waits.
void tell_server_wait_by(TellServerWait tell);

class ServerWait {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kTellAfter{2};
  static constexpr std::chrono::seconds kTellAgain{60};

  ServerWait() = default;
  // Without over() before, the work was given up.
  ~ServerWait() { end(ServerWaitNews::given_up); }
  ServerWait(const ServerWait&) = delete;
  ServerWait& operator=(const ServerWait&) = delete;

  // An attempt that began at `began` has failed with `error`, and the next one follows. The work is
  // given up when it has waited for `most`.
  void failed(const Error& error, Clock::time_point began, std::chrono::seconds most);
  // An attempt was successful.
  void over() noexcept { end(ServerWaitNews::over); }

 private:
  void end(ServerWaitNews news) noexcept;

  bool waits_ = false;
};

}  // namespace backglance
