// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/exit_code.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// The figures of one run, as Prometheus's node_exporter takes them from a file.
struct Metrics {
  std::string command;
  ReadResult result;  // its classes alone
  std::uint64_t bytes_read = 0;
  std::uint64_t findings = 0;
  std::uint64_t left_images = 0;
  std::uint64_t left_bytes = 0;
  double bytes_per_second = 0;
  std::vector<std::string> waiting_for;  // sources of the gate
  std::int64_t started_at = 0;           // unix seconds
  std::int64_t written_at = 0;
  std::optional<std::int64_t> last_success;
  std::optional<ExitCode> exit_code;  // nothing while the run is at work
};

// In the text exposition format, version 0.0.4. Each name has its HELP and TYPE, each sample the
// label `command`, so that the files of several commands can lie in one directory.
std::string metrics_text(const Metrics& metrics);

// When a run of this command last succeeded, as such a text has it.
std::optional<std::int64_t> last_success_of(const std::string& text, const std::string& command);

// Keeps a file of them: written at once, every 10 s, and at the end, each time by a new file that
// takes the old one's place. A file that cannot be written is said once, and never ends a run.
class MetricsFile {
 public:
  // `warn` may be called by any thread.
  MetricsFile(std::filesystem::path path, std::string command,
              std::function<void(const std::string&)> warn);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // From here to detach() the figures are those of `context`, which is to live so long.
  void attach(ReadContext& context);
  void detach();
  // An image that was settled. Any thread.
  void count(const ReadOutcome& outcome);
  // The run has ended. After detach(); with no result if an error ended it.
  void finish(const ReadResult* result, ExitCode exit_code);

 private:
  void run(const std::stop_token& stop);
  void collect();
  // By one thread at a time: the own one, or after it finish().
  void write(std::unique_lock<std::mutex>& lock);

  const std::filesystem::path path_;
  const std::function<void(const std::string&)> warn_;
  bool warned_ = false;  // of write() alone
  std::mutex mutex_;     // guards the fields below
  Metrics metrics_;
  ReadContext* context_ = nullptr;
  std::chrono::steady_clock::time_point collected_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
