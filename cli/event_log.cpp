// SPDX-License-Identifier: Apache-2.0
#include "cli/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/json_text.h"
#include "base/output_place.h"
#include "base/text.h"
#include "base/write_file.h"
#include "cli/json.h"

namespace backglance {
namespace {

constexpr int kPatienceMilliseconds = 1000;

// Begins with the time of an event, or an event as an object.
bool is_event(std::string_view line) {
  constexpr std::string_view kTime = "dddd-dd-ddTdd:dd:ddZ ";
  return line.starts_with(R"({"time":")") ||
         (line.size() > kTime.size() &&
          std::equal(kTime.begin(), kTime.end(), line.begin(), [](char as, char is) {
            return as == 'd' ? is >= '0' && is <= '9' : as == is;
          }));
}

// One line of ours is enough: a log may have begun as a file that cron wrote.
bool is_log(std::string_view head) {
  for (std::size_t at = 0; at != std::string_view::npos;) {
    if (is_event(head.substr(at)))
      return true;
    at = head.find('\n', at);
    at += at == std::string_view::npos ? 0 : 1;
  }
  return false;
}

OutputPlace place_of(const std::filesystem::path& path) {
  return {path, fmt::format("log file {}", printable(path.string())), LastLink::follow};
}

using Clock = std::chrono::steady_clock;

// What became of a text.
struct Appended {
  std::size_t bytes = 0;
  int failed = 0;  // an errno, if not all of it was written
};

// Waits until `until` at most for whoever reads a pipe or shows a terminal.
Appended write_until(int fd, const std::string& text, Clock::time_point until) {
  Appended done;
  // Nothing to write: only whether something could be written.
  if (pollfd log = {fd, POLLOUT, 0};
      text.empty() && poll(&log, 1,
                           static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                until - Clock::now())
                                                .count())) == 0)
    done.failed = EAGAIN;
  while (done.bytes < text.size()) {
    pollfd log = {fd, POLLOUT, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    const int ready = poll(&log, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      done.failed = ready == 0 ? EAGAIN : errno;
      break;
    }
    // One write as a rule: other runs may append to the same file.
    const ssize_t written = ::write(fd, text.data() + done.bytes, text.size() - done.bytes);
    if (written < 0 && errno == EINTR)
      continue;
    // A pipe with too little room for the whole line.
    if (written < 0 && errno == EAGAIN && Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    if (written < 0) {
      done.failed = errno;
      break;
    }
    done.bytes += static_cast<std::size_t>(written);
  }
  return done;
}

// Appends to the log. `torn`: whether the log ends in a part of a line, before and afterwards.
void append(const std::filesystem::path& path, const std::string& text, int milliseconds,
            bool& torn) {
  const OutputPlace place = place_of(path);
  const int fd = open_to_append(place, 0640, O_WRONLY);
  // A write to a pipe must not wait either: its reader may have stopped for good.
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const std::string whole = torn ? "\n" + text : text;
  const Appended done =
      write_until(fd, whole, Clock::now() + std::chrono::milliseconds(milliseconds));
  close(fd);
  if (done.bytes > 0)
    torn = done.bytes < whole.size();
  if (done.failed == EAGAIN)
    throw Error(ErrorKind::io, place.what() + ": nobody reads from it, and it takes no more");
  if (done.failed != 0)
    throw io_error(place.what(), done.failed);
}

// A single word as it is, any other text in quotes.
std::string value_text(const nlohmann::ordered_json& value) {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  if (!value.is_string())
    return safe_json(value.dump(-1, ' ', false, kReplace));
  const auto text = value.get<std::string>();
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
  return plain ? text : safe_json(value.dump(-1, ' ', false, kReplace));
}

}  // namespace

EventLog::EventLog(const std::optional<std::string>& target, LogFormat format)
    : format_(format), on_stderr_(target == "-"), file_(on_stderr_ ? "" : target.value_or("")) {
  if (file_.empty())
    return;
  require_log(file_);
  append(file_, "", kPatienceMilliseconds, torn_);
}

void require_log(const std::filesystem::path& file) {
  const OutputPlace place = place_of(file);
  const auto there = place.status();
  if (there && S_ISREG(there->st_mode) && !place.is_descriptor())
    require_kind(place, {"log of backglance", is_log});
}

std::string EventLog::line(const std::string& event, const nlohmann::ordered_json& members) const {
  const std::string time = iso_time(std::time(nullptr));
  if (format_ == LogFormat::json) {
    nlohmann::ordered_json object = {{"time", time}, {"event", event}};
    object.update(members);
    return safe_json(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  std::string out = fmt::format("{} {}", time, event);
  for (const auto& [name, value] : members.items())
    out += fmt::format(" {}={}", name, value_text(value));
  return out;
}

std::string EventLog::write(const std::string& line) {
  if (file_.empty())
    return {};
  // One thread at a time: a line may be written in parts.
  const std::lock_guard lock(mutex_);
  try {
    append(file_, line + "\n", failed_.load() ? 0 : kPatienceMilliseconds, torn_);
    return {};
  } catch (const Error& error) {
    return failed_.exchange(true) ? std::string() : error.what();
  }
}

}  // namespace backglance
