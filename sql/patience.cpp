// SPDX-License-Identifier: Apache-2.0
#include "sql/patience.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

#include "base/stop.h"
#include "base/text.h"
#include "sql/blockers.h"
#include "sql/build_watch.h"

namespace backglance {
namespace {

using std::chrono::milliseconds;

// A table that is never free for an instant in a quarter of an hour belongs to a transaction that a
// person has to look at.
constexpr std::chrono::minutes kPatience{15};
constexpr milliseconds kShortestPause{300};
constexpr milliseconds kLongestPause{5000};

// Grows with each attempt, and differs from host to host.
milliseconds pause_before(int attempt) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const auto longest = std::min(kLongestPause, kShortestPause * (1 << std::min(attempt, 5)));
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(kShortestPause.count(),
                                                                       longest.count())(random));
}

std::string who_blocks(Session& session) {
  const auto lines = blockers(session);
  if (!lines.empty())
    return join(lines, "; ");
  return fmt::format("this account may not see who holds the lock (GRANT {} allows it)",
                     session.engine().sees_sessions_by);
}

}  // namespace

void require_no_stop(const std::string& command) {
  if (stop_requested())
    throw Error(ErrorKind::interrupted,
                "stopped on request between two statements; the next run continues", command);
}

void run_patiently(Session& session, std::string_view step, const StepStatement& statement,
                   const OnWait& on_wait, const std::string& command) {
  const auto began = std::chrono::steady_clock::now();
  for (int attempt = 0;; ++attempt) {
    require_no_stop(command);
    const DdlPatience patience(session, statement.unbounded);
    try {
      std::optional<BuildWatch> watch;
      if (statement.unbounded)
        watch.emplace(session, [&](const std::string& line) {
          if (on_wait)
            on_wait(fmt::format("{}, statement {}: {}", step, statement.number, line));
        });
      session.execute(statement.sql);
      return;
    } catch (const Error& error) {
      // The watch has cancelled it. What it leaves is found and removed by the next run.
      if (statement.unbounded && error.kind() == ErrorKind::sql)
        require_no_stop(command);
      if (error.kind() != ErrorKind::busy)
        throw;
      if (std::chrono::steady_clock::now() - began > kPatience)
        throw Error(ErrorKind::busy,
                    fmt::format("{} could not be locked in {} minutes: {}", statement.table,
                                kPatience.count(), who_blocks(session)),
                    command);
    }
    if (on_wait)
      on_wait(fmt::format("{}, statement {}: {} is in use, will try again: {}", step,
                          statement.number, statement.table, who_blocks(session)));
    sleep_unless(stop_requested, pause_before(attempt));
  }
}

}  // namespace backglance
