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

// The times of day in which a run may work, by the clock on the wall: the process's time zone (TZ),
// its summer time included. A window in the hour that spring leaves out does not come that day; one
// in the hour that autumn has twice comes twice.
class Windows {
 public:
  // "22:00-06:00", or several with commas between. One that ends before it begins goes over
  // midnight; 24:00 is the end of a day. Throws Error{usage} for anything else.
  explicit Windows(std::string_view text);

  bool contains(std::time_t moment) const;
  // The first full minute after `moment` at which a window opens or shuts; nothing if none does
  // within eight days.
  std::optional<std::time_t> next_change(std::time_t moment) const;
  // As it was given, without blanks.
  const std::string& text() const { return text_; }

 private:
  struct Window {
    int from = 0;  // minutes of the day; up to, and without, `until`
    int until = 0;
  };
  bool contains_minute(int minute) const;

  std::string text_;
  std::vector<Window> windows_;
};

// Shuts the gate outside the windows, from its construction to its end, by a thread that does
// nothing but look at the clock.
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
  std::mutex mutex_;  // of wake_ alone; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
