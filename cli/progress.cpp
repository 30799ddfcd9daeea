// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "cli/console.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedraw{250};
constexpr std::chrono::seconds kPlainLine{30};
constexpr double kSmoothingSeconds = 10;
constexpr int kBarWidth = 20;
constexpr int kPlainColumns = 300;

int terminal_columns() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

std::string bar(double share) {
  const int full = static_cast<int>(std::lround(share * kBarWidth));
  return fmt::format("[{}{}]", std::string(static_cast<std::size_t>(full), '='),
                     std::string(static_cast<std::size_t>(kBarWidth - full), ' '));
}

}  // namespace

std::string progress_line(const ReadCounters& counters, double bytes_per_second, int columns,
                          const std::string& waiting_for) {
  const std::uint64_t total = counters.bytes_total.load();
  const std::uint64_t read = counters.bytes_read.load();
  // Bytes that need not be read any more count as progress.
  const std::uint64_t done = std::min(total, read + counters.bytes_skipped.load());
  const double share = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  const double rest = static_cast<double>(total - done);
  std::string left;
  constexpr double kYear = 365.0 * 86400;
  if (rest > 0 && bytes_per_second > 0 && rest / bytes_per_second > kYear)
    left = ", more than a year left";
  else if (rest > 0 && bytes_per_second > 0)
    left = ", " + human_duration(std::chrono::seconds(std::llround(rest / bytes_per_second))) +
           " left";
  const std::string pace =
      waiting_for.empty()
          ? fmt::format("{}/s{}", human_bytes(static_cast<std::uint64_t>(bytes_per_second)), left)
          : "waiting: " + waiting_for;
  const std::string percent = fmt::format("{:3.0f}%", share * 100);
  const std::string bytes = fmt::format("  {} of {}", human_bytes(done), human_bytes(total));
  const std::string images =
      fmt::format(", {} of {} images", counters.images_settled.load(),
                  std::max(counters.images_total.load(), counters.images_settled.load()));
  const auto number = static_cast<std::int64_t>(counters.findings.load());
  const std::string findings = number == 0 ? "" : ", " + counted(number, "finding");
  std::string line = percent + bytes + ", " + pace + images + findings;
  if (static_cast<int>(line.size()) + kBarWidth + 4 < columns)
    return bar(share) + " " + line;
  // On a narrow terminal, the remaining time is dropped last.
  for (const std::string& shorter :
       {fmt::format("{}{}, {}{}", percent, bytes, pace, findings),
        fmt::format("{}, {}", percent, pace), percent + (waiting_for.empty() ? left : ", waiting")})
    if (static_cast<int>(line.size()) >= columns)
      line = shorter;
  return line.substr(0, static_cast<std::size_t>(std::max(columns - 1, 0)));
}

Progress::Progress(const ReadCounters& counters, const PauseGate& gate, Decorate decorate,
                   bool shows_progress)
    : counters_(counters),
      gate_(gate),
      decorate_(std::move(decorate)),
      shows_progress_(shows_progress),
      terminal_(shows_progress && isatty(STDERR_FILENO) == 1),
      started_(Clock::now()),
      drawn_(started_),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Progress::~Progress() {
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  if (line_shown_)
    draw_err("\r\x1b[K");
}

void Progress::say(const std::string& line) {
  const std::lock_guard lock(mutex_);
  // The escape sequence clears the progress line first.
  write_err((line_shown_ ? "\r\x1b[K" : "") + printable(line, line.size() + 1) + "\n");
  line_shown_ = false;
}

void Progress::say_wait(const std::string& waiting_for) {
  if (!terminal_)
    say(waiting_for.empty() ? "continuing" : "waiting: " + waiting_for);
}

void Progress::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && shows_progress_) {
    wake_.wait_for(lock, stop, terminal_ ? std::chrono::milliseconds(kRedraw) : kPlainLine,
                   [] { return false; });
    if (!stop.stop_requested())
      draw();
  }
}

void Progress::draw() {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - drawn_).count();
  const std::uint64_t bytes = counters_.bytes_read.load();
  const double current = static_cast<double>(bytes - drawn_bytes_) / std::max(seconds, 1e-3);
  // An exponential mean. In the first seconds a plain mean, so that the first figure is about
  // right.
  const double age = std::chrono::duration<double>(now - started_).count();
  const double weight = 1 - std::exp(-seconds / std::min(kSmoothingSeconds, age));
  rate_ = rate_ == 0 ? current : rate_ + weight * (current - rate_);
  drawn_ = now;
  drawn_bytes_ = bytes;
  const std::string waiting_for = gate_.waiting_for();
  if (terminal_)
    draw_err("\r" +
             printable_lines(progress_line(counters_, rate_, terminal_columns(), waiting_for)) +
             "\x1b[K");
  if (!terminal_) {
    const std::string line = progress_line(counters_, rate_, kPlainColumns, waiting_for);
    print_err("{}\n", decorate_ ? decorate_(line) : line);
  }
  line_shown_ = terminal_;
}

}  // namespace backglance
