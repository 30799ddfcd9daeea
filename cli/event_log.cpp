// SPDX-License-Identifier: Apache-2.0
#include "cli/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

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

// Waits at most so long for the reader of a pipe.
void append(const std::filesystem::path& path, const std::string& text, int milliseconds) {
  const OutputPlace place = place_of(path);
  const int fd = open_to_append(place, 0640, O_WRONLY);
  pollfd log = {fd, POLLOUT, 0};
  const bool takes = poll(&log, 1, milliseconds) != 0;
  // One write: other runs may append to the same file.
  ssize_t written = 0;
  do
    written = takes ? ::write(fd, text.data(), text.size()) : 0;
  while (written < 0 && errno == EINTR);
  int failed = 0;
  if (!takes)
    failed = EAGAIN;
  else if (written < 0)
    failed = errno;
  // A short write means a full disk.
  else if (static_cast<std::size_t>(written) < text.size())
    failed = ENOSPC;
  close(fd);
  if (failed != 0)
    throw io_error(place.what(), failed);
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
  append(file_, "", kPatienceMilliseconds);
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
  try {
    append(file_, line + "\n", failed_.load() ? 0 : kPatienceMilliseconds);
    return {};
  } catch (const Error& error) {
    return failed_.exchange(true) ? std::string() : error.what();
  }
}

}  // namespace backglance
