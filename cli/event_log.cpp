// SPDX-License-Identifier: Apache-2.0
#include "cli/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/json.h"

namespace backglance {
namespace {

// Returns 0, or the errno of the failure.
int append(const std::filesystem::path& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0)
    return errno;
  // One write: other runs may append to the same file.
  ssize_t written = 0;
  do
    written = ::write(fd, text.data(), text.size());
  while (written < 0 && errno == EINTR);
  int failed = 0;
  if (written < 0)
    failed = errno;
  // A short write means a full disk.
  else if (static_cast<std::size_t>(written) < text.size())
    failed = ENOSPC;
  close(fd);
  return failed;
}

std::string io_text(const std::filesystem::path& path, int failed) {
  return io_error(fmt::format("log file {}", printable(path.string())), failed).what();
}

// A single word as it is, any other text in quotes.
std::string value_text(const nlohmann::ordered_json& value) {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  if (!value.is_string())
    return value.dump(-1, ' ', false, kReplace);
  const auto text = value.get<std::string>();
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
  return plain ? text : value.dump(-1, ' ', false, kReplace);
}

}  // namespace

EventLog::EventLog(const std::optional<std::string>& target, LogFormat format)
    : format_(format), on_stderr_(target == "-"), file_(on_stderr_ ? "" : target.value_or("")) {
  if (file_.empty())
    return;
  if (const int failed = append(file_, ""); failed != 0)
    throw Error(ErrorKind::io, io_text(file_, failed));
}

std::string EventLog::line(const std::string& event, const nlohmann::ordered_json& members) const {
  const std::string time = iso_time(std::time(nullptr));
  if (format_ == LogFormat::json) {
    nlohmann::ordered_json object = {{"time", time}, {"event", event}};
    object.update(members);
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string out = fmt::format("{} {}", time, event);
  for (const auto& [name, value] : members.items())
    out += fmt::format(" {}={}", name, value_text(value));
  return out;
}

std::string EventLog::write(const std::string& line) {
  if (file_.empty())
    return {};
  const int failed = append(file_, line + "\n");
  if (failed == 0 || failed_.exchange(true))
    return {};
  return io_text(file_, failed);
}

}  // namespace backglance
