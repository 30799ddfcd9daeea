// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace backglance {

// A file system whose server is gone answers no system call, for hours (an NFS mount with the
// option "hard"): a thread that asks it cannot be stopped, only left behind. Nothing here ends such
// a wait; it is told, and it no longer holds up what does not need the answer.

// How long a directory may take to say that it is there.
inline constexpr std::chrono::seconds kDirectoryPatience{5};

// What `ask` returns, asked in a thread of its own; nothing if it has not answered in time. The
// thread then stays behind, so `ask` owns all that it uses. Throws nothing of `ask`'s.
std::optional<std::string> answer_within(std::chrono::milliseconds time,
                                         std::function<std::string()> ask);

// One question to a file system, while it lasts. Any thread. If it takes longer than 5 s, a person
// is told, again after each minute; and if the process was to end meanwhile (base/stop.h), it ends
// 5 s later without the answer, as if it were killed, with the exit code of an interrupted run.
class FileQuestion {
 public:
  // `directory` is printed. It must live longer than this.
  explicit FileQuestion(const std::string& directory);
  ~FileQuestion();
  FileQuestion(const FileQuestion&) = delete;
  FileQuestion& operator=(const FileQuestion&) = delete;
};

// Called by any thread, by one at a time, with one line without secrets. Until this is called,
// nobody is told. Set it while no question is open.
void tell_file_waits_by(std::function<void(const std::string& text)> tell);

}  // namespace backglance
