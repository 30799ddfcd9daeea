// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/stop.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kPatienceMilliseconds = 1000;
// A pipe that can be written to takes so much without waiting (PIPE_BUF).
constexpr std::size_t kChunk = 4096;
constexpr std::size_t kMostKept = 1 << 16;

// Standard error.
class Diagnostics {
 public:
  void draw(std::string_view text) {
    const std::lock_guard lock(mutex_);
    put(text, 0);
  }
  void write(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (missing_ > 0 && takes(0)) {
      const std::string gap = fmt::format(
          "backglance: {} not be written here\n",
          missing_ == 1 ? "1 message could" : fmt::format("{} messages could", missing_));
      missing_ = 0;
      put(gap, 0);
    }
    // Once it has kept the work waiting, it does not again.
    if (!put(text, missing_ > 0 ? 0 : kPatienceMilliseconds))
      ++missing_;
  }

 private:
  static bool takes(int milliseconds) {
    pollfd error = {STDERR_FILENO, POLLOUT, 0};
    const int ready = poll(&error, 1, milliseconds);
    // A signal ends the patience. What cannot be asked is tried.
    return ready > 0 || (ready < 0 && errno != EINTR);
  }
  static bool put(std::string_view text, int patience) {
    while (!text.empty()) {
      if (!takes(patience))
        return false;
      const ssize_t wrote = ::write(STDERR_FILENO, text.data(), std::min(text.size(), kChunk));
      // Closed, full or gone: nothing is missing that could be written later.
      if (wrote < 0 && errno == EAGAIN)
        return false;
      if (wrote < 0 && errno != EINTR)
        return true;
      text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(wrote, 0)));
    }
    return true;
  }

  std::mutex mutex_;
  std::uint64_t missing_ = 0;
};

// Standard output.
class Output {
 public:
  void write(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (failed_ != 0)
      return;
    kept_ += text;
    if (kept_.size() >= kMostKept || is_terminal_)
      flush();
  }
  int flush_all() {
    const std::lock_guard lock(mutex_);
    flush();
    return failed_;
  }

 private:
  void flush() {
    std::string_view rest = kept_;
    while (!rest.empty() && failed_ == 0) {
      const ssize_t wrote = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (wrote >= 0)
        rest.remove_prefix(static_cast<std::size_t>(wrote));
      else if (errno == EAGAIN)
        // The caller's end of the pipe does not wait: we do.
        wait();
      else if (errno != EINTR)
        failed_ = errno;
      // A reader that has stopped must not keep Ctrl-C from ending the program.
      if (wrote < 0 && failed_ == 0 && stop_requested())
        failed_ = EINTR;
    }
    kept_.clear();
  }

  static void wait() {
    constexpr int kLookMilliseconds = 200;
    pollfd out = {STDOUT_FILENO, POLLOUT, 0};
    poll(&out, 1, kLookMilliseconds);
  }

  const bool is_terminal_ = isatty(STDOUT_FILENO) == 1;
  std::mutex mutex_;
  std::string kept_;
  int failed_ = 0;
};

// Never destroyed: threads may print until the end.
Diagnostics& diagnostics() {
  static auto* const only = new Diagnostics;
  return *only;
}
Output& output() {
  static auto* const only = new Output;
  return *only;
}

}  // namespace

void write_err(std::string_view text) {
  diagnostics().write(text);
}

void draw_err(std::string_view text) {
  diagnostics().draw(text);
}

void write_out(std::string_view text) {
  output().write(text);
}

void flush_out() {
  output().flush_all();
}

int out_failure() {
  return output().flush_all();
}

void say_err(std::string_view text) {
  write_err(printable_lines(text));
}

void say_line(std::string_view text) {
  write_err(printable(text, text.size() + 1) + "\n");
}

namespace {
std::atomic<bool> quiet{false};
}  // namespace

void be_quiet() {
  quiet.store(true);
}

bool is_quiet() {
  return quiet.load();
}

void say_out(std::string_view text) {
  if (is_quiet())
    return;
  write_out(printable_lines(text));
}

}  // namespace backglance
