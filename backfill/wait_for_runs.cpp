// SPDX-License-Identifier: Apache-2.0
#include "backfill/wait_for_runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/process.h"
#include "base/stop.h"
#include "base/text.h"
#include "ledger/queue.h"
#include "ledger/queue_figures.h"
#include "sql/retry.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr const char* kSource = "other_run";
constexpr seconds kLook{2};

// Returns the other runs that have sent no heartbeat since `began`. Frees the leases of runs of
// this host whose process is gone.
std::vector<Queue::Holder> silent_holders(Queue& queue, const std::string& run_id,
                                          Clock::time_point began) {
  std::vector<Queue::Holder> silent;
  for (Queue::Holder& holder : queue.holders(run_id)) {
    const auto lives = process_lives_on(holder.host, holder.process);
    if (lives == false)
      queue.release_run(holder.run_id);
    // Times are whole seconds, so a heartbeat in the first second may be older than `began`.
    else if (!lives && seconds(holder.silent_seconds + 1) >= Clock::now() - began)
      silent.push_back(std::move(holder));
  }
  return silent;
}

}  // namespace

Rest wait_for_silent_runs(Session& session, const std::string& run_id, RunControl& control) {
  Queue queue(session);
  QueueFigures figures(session);
  const auto began = Clock::now();
  Rest rest = Rest::stopped;
  while (!control.should_stop()) {
    const auto silent = retry(session, [&] { return silent_holders(queue, run_id, began); });
    if (retry(session, [&] { return figures.smallest_claimable().has_value(); }))
      rest = Rest::free;
    else if (silent.empty())
      rest = Rest::held;
    if (rest != Rest::stopped)
      break;
    const auto& longest = *std::max_element(
        silent.begin(), silent.end(),
        [](const auto& a, const auto& b) { return a.silent_seconds < b.silent_seconds; });
    control.pause_gate().close(
        kSource, fmt::format("{} claimed by a run on {}, which sent no heartbeat for {} s",
                             counted(longest.images, "image"), printable(longest.host),
                             longest.silent_seconds));
    sleep_unless([&] { return control.should_stop(); }, kLook);
  }
  control.pause_gate().open(kSource);
  return rest;
}

}  // namespace backglance
