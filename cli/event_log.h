// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace backglance {

enum class LogFormat { text, json };

// Where the events of a run go, one line each: its beginning and end, findings, waits, warnings.
// None of them holds a secret. Any thread.
class EventLog {
 public:
  // No log; standard error ("-"); or a file, to which lines are added. It is opened for each line,
  // so that whoever rotates it need not tell us. Throws Error{io} if it cannot be written now.
  EventLog(const std::optional<std::string>& target, LogFormat format);

  // The caller prints what line() makes, above its progress line.
  bool is_on_stderr() const { return on_stderr_; }
  std::string line(const std::string& event, const nlohmann::ordered_json& members) const;

  // Adds the line to the file, if there is one. Empty, or why it could not; that is said once.
  std::string write(const std::string& line);

 private:
  LogFormat format_;
  bool on_stderr_ = false;
  std::filesystem::path file_;  // empty: none
  std::atomic<bool> failed_{false};
};

}  // namespace backglance
