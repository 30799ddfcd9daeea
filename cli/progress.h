// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "read/pace/pause_gate.h"
#include "read/read_counters.h"

namespace backglance {

// Shows the progress of a reading run on standard error: on a terminal one line that is redrawn
// several times a second, elsewhere a plain line every 30 s. It counts bytes, because images differ
// a thousandfold in size; the rate is that of the last ten seconds or so. While the run waits, the
// reason replaces the rate. Its end clears the line.
class Progress {
 public:
  // Changes a plain progress line before it is printed; the result is one line again.
  using Decorate = std::function<std::string(const std::string& line)>;
  // Without `shows_progress` it prints nothing of its own, and say_wait() prints plain lines.
  Progress(const ReadCounters& counters, const PauseGate& gate, Decorate decorate = {},
           bool shows_progress = true);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Prints a line above the progress line. Thread-safe.
  void say(const std::string& line);
  // Reports that a wait begins or has a new reason; an empty text: it has ended. Prints a line only
  // if there is no terminal, where the progress line shows it. Thread-safe.
  void say_wait(const std::string& waiting_for);

 private:
  void run(const std::stop_token& stop);
  void draw();

  const ReadCounters& counters_;
  const PauseGate& gate_;
  const Decorate decorate_;
  const bool shows_progress_;
  const bool terminal_;
  std::mutex mutex_;  // guards standard error and the fields below
  std::condition_variable_any wake_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_;
  std::uint64_t drawn_bytes_ = 0;
  double rate_ = 0;  // bytes per second, smoothed
  bool line_shown_ = false;
  std::jthread thread_;  // last: it uses the others
};

// The progress line for these figures, without a line end and shorter than `columns` characters.
std::string progress_line(const ReadCounters& counters, double bytes_per_second, int columns,
                          const std::string& waiting_for = {});

}  // namespace backglance
