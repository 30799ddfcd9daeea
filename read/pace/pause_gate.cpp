// SPDX-License-Identifier: Apache-2.0
#include "read/pace/pause_gate.h"

#include <chrono>
#include <utility>

namespace backglance {
namespace {

// Time between two checks of should_stop.
constexpr std::chrono::milliseconds kSlice{50};

std::string joined(const std::map<std::string, std::string>& reasons) {
  std::string out;
  for (const auto& [source, text] : reasons)
    out += (out.empty() ? "" : "; ") + text;
  return out;
}

}  // namespace

void PauseGate::change(const std::function<bool(std::map<std::string, std::string>&)>& edit) {
  const std::lock_guard telling(telling_);
  std::string now;
  {
    const std::lock_guard lock(mutex_);
    if (!edit(reasons_))
      return;
    closed_.store(!reasons_.empty(), std::memory_order_release);
    now = joined(reasons_);
  }
  changed_.notify_all();
  // Without mutex_, so that the observer may read the gate.
  if (observer_)
    observer_(now);
}

void PauseGate::close(const std::string& source, const std::string& text) {
  change([&](auto& reasons) {
    const bool is_new = !reasons.contains(source);
    reasons[source] = text;
    return is_new;
  });
}

void PauseGate::open(const std::string& source) {
  change([&](auto& reasons) { return reasons.erase(source) > 0; });
}

std::vector<PauseGate::Reason> PauseGate::reasons() const {
  const std::lock_guard lock(mutex_);
  std::vector<Reason> out;
  for (const auto& [source, text] : reasons_)
    out.push_back({source, text});
  return out;
}

std::string PauseGate::waiting_for() const {
  const std::lock_guard lock(mutex_);
  return joined(reasons_);
}

void PauseGate::wait(const std::function<bool()>& should_stop) const {
  while (is_closed() && !should_stop()) {
    std::unique_lock lock(mutex_);
    // In slices: should_stop becomes true without a notification.
    changed_.wait_for(lock, kSlice, [&] { return reasons_.empty(); });
  }
}

void PauseGate::observe(Observer observer) {
  const std::lock_guard telling(telling_);
  observer_ = std::move(observer);
}

}  // namespace backglance
