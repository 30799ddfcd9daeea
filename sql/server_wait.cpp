// SPDX-License-Identifier: Apache-2.0
#include "sql/server_wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "base/text.h"

namespace backglance {
namespace {

using Clock = ServerWait::Clock;

// One for the process: all sessions wait for the same server.
struct Wait {
  std::mutex mutex;
  TellServerWait tell;
  int waiting = 0;  // pieces of work that wait now
  Clock::time_point since;
  std::optional<Clock::time_point> told;
};

Wait& the_wait() {
  static Wait wait;
  return wait;
}

std::string waited(Clock::duration time) {
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(time));
}

// Nobody may be there to read it; the wait goes on all the same.
void tell(const Wait& wait, ServerWaitNews news, const std::string& text) noexcept {
  try {
    if (wait.tell)
      wait.tell(news, text);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace

void tell_server_wait_by(TellServerWait tell) {
  Wait& wait = the_wait();
  const std::lock_guard lock(wait.mutex);
  wait.tell = std::move(tell);
}

void ServerWait::failed(const Error& error, Clock::time_point began, std::chrono::seconds most) {
  Wait& wait = the_wait();
  const std::lock_guard lock(wait.mutex);
  if (!waits_ && wait.waiting++ == 0) {
    // A lock, or a server that does not answer, has been waited for since the attempt began.
    wait.since = began;
    wait.told.reset();
  }
  waits_ = true;
  const auto now = Clock::now();
  if (now - wait.since < kTellAfter || (wait.told && now - *wait.told < kTellAgain))
    return;
  wait.told = now;
  tell(wait, ServerWaitNews::waits,
       fmt::format("waiting for the database, for {} so far, at most {}: {}",
                   waited(now - wait.since),
                   waited(std::max<Clock::duration>(most, now - wait.since)), error.what()));
}

void ServerWait::end(ServerWaitNews news) noexcept {
  if (!waits_)
    return;
  waits_ = false;
  Wait& wait = the_wait();
  const std::lock_guard lock(wait.mutex);
  --wait.waiting;
  // The first that is over says so for all: the others only have not asked again yet.
  if (!wait.told || (news == ServerWaitNews::given_up && wait.waiting > 0))
    return;
  const auto since = std::exchange(wait.since, Clock::now());
  wait.told.reset();
  tell(wait, news,
       fmt::format("{}, after {}",
                   news == ServerWaitNews::over ? "the database answers again"
                                                : "the wait for the database was given up",
                   waited(Clock::now() - since)));
}

}  // namespace backglance
