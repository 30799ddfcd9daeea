// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace backglance {
namespace {

std::atomic<StopWish> first_wish{StopWish::none};
static_assert(std::atomic<StopWish>::is_always_lock_free, "set from a signal handler");

constexpr std::int64_t kSameWishNanoseconds = 1'000'000'000;
std::atomic<std::int64_t> first_signal{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "set from a signal handler");

// Calls what POSIX names async-signal-safe alone.
void on_signal(int signal) {
  request_stop(StopWish::signal);
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t at = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  std::int64_t first = 0;
  if (first_signal.compare_exchange_strong(first, at) || at - first < kSameWishNanoseconds)
    return;
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  // No SA_RESTART, so that a blocked read or sleep returns.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A lost terminal ends a run as cleanly, unless nohup has it ignored.
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
}

bool stop_requested() {
  return stop_wish() != StopWish::none;
}
StopWish stop_wish() {
  return first_wish.load(std::memory_order_relaxed);
}
void request_stop(StopWish wish) {
  StopWish before = StopWish::none;
  first_wish.compare_exchange_strong(before, wish, std::memory_order_relaxed);
}
void reset_stop() {
  first_wish.store(StopWish::none, std::memory_order_relaxed);
}

}  // namespace backglance
