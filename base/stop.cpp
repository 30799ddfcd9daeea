#include "base/stop.h"

#include <atomic>
#include <csignal>

namespace backglance {
namespace {

std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_signal(int) {
  stop_flag.store(true, std::memory_order_relaxed);
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  // One clean try; the second signal finds the default action again. No SA_RESTART, so that a
  // blocked read or sleep returns.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A lost terminal ends a run as cleanly, unless nohup has it ignored.
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
}

bool stop_requested() {
  return stop_flag.load(std::memory_order_relaxed);
}
void request_stop() {
  stop_flag.store(true, std::memory_order_relaxed);
}
void reset_stop() {
  stop_flag.store(false, std::memory_order_relaxed);
}

}  // namespace backglance
