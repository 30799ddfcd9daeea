// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace backglance {

enum class LogFormat { text, json };

// Throws Error{usage} if the file exists, is not empty and has no event of a run at its beginning
// (64 KiB).
void require_log(const std::filesystem::path& file);

// Writes the events of a run, one line each: its beginning and end, findings, waits, warnings. No
// line contains a secret. Thread-safe.
class EventLog {
 public:
  // `target` is nothing (no log), "-" (standard error) or a file to append to. The file is opened
  // anew for each line, so it may be rotated without telling the program. Throws Error{io} if it
  // cannot be written now, and what require_log() throws.
  EventLog(const std::optional<std::string>& target, LogFormat format);

  // True if the log goes to standard error: then the caller prints line() above its progress line.
  bool is_on_stderr() const { return on_stderr_; }
  std::string line(const std::string& event, const nlohmann::ordered_json& members) const;

  // Appends the line to the file, if there is one. Returns an empty text, or the reason for a
  // failure; only the first failure is returned.
  std::string write(const std::string& line);

 private:
  LogFormat format_;
  bool on_stderr_ = false;
  std::filesystem::path file_;  // empty: no file
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  bool torn_ = false;  // the log ends in a part of a line, as on a full disk
};

}  // namespace backglance
