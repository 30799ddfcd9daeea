// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "read/pace/pause_gate.h"

namespace backglance {

// The times of day in which a run may work, in the process's time zone (TZ) with its summer time. A
// window in the hour that is skipped in spring does not come that day; one in the hour that is
// repeated in autumn comes twice.
class Windows {
 public:
  // "22:00-06:00", or several separated by commas. A window that ends before it begins goes past
  // midnight; 24:00 is the end of a day. Throws Error{usage} for anything else.
  explicit Windows(std::string_view text);

  bool contains(std::time_t moment) const;
  // The first full minute after `moment` at which a window opens or closes; nothing if none does
  // within eight days.
  std::optional<std::time_t> next_change(std::time_t moment) const;
  // The text that was given, without blanks.
  const std::string& text() const { return text_; }

 private:
  struct Window {
    int from = 0;  // minutes of the day; `until` itself is outside
    int until = 0;
  };
  bool contains_minute(int minute) const;

  std::string text_;
  std::vector<Window> windows_;
};

// Closes the gate outside the windows, for as long as this object exists. Its thread only looks at
// the clock.
class WindowWatch {
 public:
  WindowWatch(Windows windows, PauseGate& gate);
  ~WindowWatch();
  WindowWatch(const WindowWatch&) = delete;
  WindowWatch& operator=(const WindowWatch&) = delete;

 private:
  void look();
  void run(const std::stop_token& stop);

  const Windows windows_;
  PauseGate& gate_;
  bool shut_ = false;
  std::mutex mutex_;  // only for wake_; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
