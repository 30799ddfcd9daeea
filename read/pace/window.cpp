// SPDX-License-Identifier: Apache-2.0
#include "read/pace/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kHour = 60;
constexpr int kDay = 24 * kHour;
constexpr const char* kSource = "window";
// After this time at most, a changed clock or time zone is noticed.
constexpr std::chrono::milliseconds kLook{500};

// Minutes of the day of "6:00" or "22:30"; nothing if it is no time of day.
std::optional<int> minutes_of(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<int> {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || digits.size() > 2 || digits[0] == '-' || error != std::errc() ||
        end != digits.data() + digits.size())
      return std::nullopt;
    return value;
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.size() - colon != 3)
    return std::nullopt;
  const auto hours = number(text.substr(0, colon));
  const auto minutes = number(text.substr(colon + 1));
  if (!hours || !minutes || *minutes >= kHour || *hours * kHour + *minutes > kDay)
    return std::nullopt;
  return *hours * kHour + *minutes;
}

std::tm local(std::time_t moment) {
  std::tm out = {};
  localtime_r(&moment, &out);
  return out;
}

int local_minute(std::time_t moment) {
  const std::tm time = local(moment);
  return time.tm_hour * kHour + time.tm_min;
}

}  // namespace

Windows::Windows(std::string_view text) {
  // localtime_r need not read TZ itself.
  tzset();
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorKind::usage, fmt::format("--window {}: {}", printable(text), why));
  };
  for (const std::string& part : split(text, ',')) {
    const std::string window(trim(part));
    const auto ends = split(window, '-');
    const auto from = minutes_of(trim(ends[0]));
    const auto until = ends.size() == 2 ? minutes_of(trim(ends[1])) : std::nullopt;
    if (!from || !until || *from == kDay)
      throw refuse("not times of day such as 22:00-06:00 or 12:00-13:30,22:00-06:00");
    if (*from == *until)
      throw refuse("a window must not end at the time when it begins");
    if (*from < *until) {
      windows_.push_back({*from, *until});
    } else {
      // Past midnight: one window on each side.
      windows_.push_back({*from, kDay});
      windows_.push_back({0, *until});
    }
    text_ += (text_.empty() ? "" : ",") + window;
  }
}

bool Windows::contains_minute(int minute) const {
  return std::any_of(windows_.begin(), windows_.end(), [&](const Window& window) {
    return window.from <= minute && minute < window.until;
  });
}

bool Windows::contains(std::time_t moment) const {
  return contains_minute(local_minute(moment));
}

std::optional<std::time_t> Windows::next_change(std::time_t moment) const {
  // Minute by minute, which is right on days when the clock is changed, too.
  constexpr std::time_t kMinute = 60;
  constexpr std::time_t kFarthest = std::time_t{8} * 86400;
  const bool now = contains(moment);
  std::time_t next = moment + kMinute - local(moment).tm_sec;
  for (; next <= moment + kFarthest; next += kMinute)
    if (contains(next) != now)
      return next;
  return std::nullopt;
}

WindowWatch::WindowWatch(Windows windows, PauseGate& gate)
    : windows_(std::move(windows)), gate_(gate) {
  look();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

WindowWatch::~WindowWatch() {
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  gate_.open(kSource);
}

void WindowWatch::look() {
  const std::time_t now = std::time(nullptr);
  const bool shut = !windows_.contains(now);
  if (shut == shut_)
    return;
  shut_ = shut;
  if (!shut) {
    gate_.open(kSource);
    return;
  }
  std::string when;
  if (const auto opens = windows_.next_change(now)) {
    const std::tm time = local(*opens);
    when = fmt::format(", which opens at {:02}:{:02}", time.tm_hour, time.tm_min);
  }
  gate_.close(kSource, fmt::format("outside the window {}{}", windows_.text(), when));
}

void WindowWatch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kLook, [] { return false; });
    if (!stop.stop_requested())
      look();
  }
}

}  // namespace backglance
