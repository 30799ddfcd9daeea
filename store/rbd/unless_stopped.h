// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace backglance {

// Runs `work`, which may block for minutes inside a library, in a thread of its own. Returns its
// result; or nothing, within 100 ms after `should_stop` becomes true or once `most` is over. The
// thread then goes on alone: `work` must own everything that it uses, and its result is released
// there. `work` must not throw.
template <typename Work>
auto unless_stopped(const std::function<bool()>& should_stop, Work work,
                    std::chrono::milliseconds most = std::chrono::hours(24))
    -> std::optional<decltype(work())> {
  using Result = decltype(work());
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_abandoned = false;
    std::optional<Result> result;
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, work = std::move(work)]() mutable {
    std::optional<Result> result(work());
    const std::lock_guard lock(shared->mutex);
    if (shared->is_abandoned)
      return;
    shared->result = std::move(result);
    shared->changed.notify_all();
  }).detach();

  const auto until = std::chrono::steady_clock::now() + most;
  std::unique_lock lock(shared->mutex);
  for (;;) {
    if (shared->result)
      return std::move(shared->result);
    lock.unlock();
    const bool is_over = should_stop() || std::chrono::steady_clock::now() >= until;
    lock.lock();
    if (is_over && !shared->result) {
      shared->is_abandoned = true;
      return std::nullopt;
    }
    shared->changed.wait_for(lock, std::chrono::milliseconds(100));
  }
}

}  // namespace backglance
