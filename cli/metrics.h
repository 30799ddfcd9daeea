// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/exit_code.h"
#include "read/named_store.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// What a run did with the images of one store.
struct StoreMetrics {
  std::uint64_t images = 0;
  std::uint64_t bytes = 0;
  std::uint64_t findings = 0;
};

// The figures of one run, for a file that Prometheus's node_exporter reads.
struct Metrics {
  std::string command;
  ReadResult result;  // only its `classes` are used
  // By the store of each image's first location: all configured stores; those that only images name
  // are one for each type, whose id is kNotConfigured.
  std::map<NamedStore, StoreMetrics> stores;
  std::uint64_t bytes_read = 0;
  std::uint64_t findings = 0;
  std::uint64_t left_images = 0;
  std::uint64_t left_bytes = 0;
  double bytes_per_second = 0;
  // The sources that close the gate; after the end, those that closed it when the run ended before
  // it was through.
  std::vector<std::string> waiting_for;
  std::int64_t started_at = 0;  // unix seconds
  std::int64_t written_at = 0;  // unix seconds
  // Unix seconds; nothing if no run has succeeded yet.
  std::optional<std::int64_t> last_success;
  std::optional<ExitCode> exit_code;  // nothing while the run works
  bool ended_waiting = false;         // a limit ended the run while it waited: not a success
};

inline constexpr std::string_view kNotConfigured = "not configured";

// The figures in the text exposition format, version 0.0.4. Each name has HELP and TYPE, each
// sample the label `command`, so the files of several commands may be in one directory.
std::string metrics_text(const Metrics& metrics);

// Reads from such a text when a run of this command last succeeded, in unix seconds.
std::optional<std::int64_t> last_success_of(const std::string& text, const std::string& command);

// Keeps a file with the figures: written at attach(), every 10 s and at the end, each time as a new
// file that replaces the old one, with the samples of other commands (cli/shared_metrics.h). A file
// that cannot be written is reported once and never ends a run.
class MetricsFile {
 public:
  // `warn` may be called by any thread.
  MetricsFile(const std::filesystem::path& path, std::string command,
              std::function<void(const std::string&)> warn);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // From now until detach(), the figures come from `context`, which must live as long.
  void attach(ReadContext& context);
  void detach();
  // Counts a settled image. Thread-safe.
  void count(const ReadOutcome& outcome);
  // Whether the run waits for the database, besides what it waits for at its gate. Thread-safe.
  void waits_for_database(bool waits) { waits_for_database_.store(waits); }
  // Writes the last figures. Call it after detach(). `result` is null if an error ended the run.
  void finish(const ReadResult* result, ExitCode exit_code);

 private:
  void run(const std::stop_token& stop);
  void collect();
  // Called by one thread at a time: this object's thread, and after its end finish(). Unlocks
  // `lock` while it writes the file.
  void write(std::unique_lock<std::mutex>& lock);

  const std::filesystem::path path_;
  const std::function<void(const std::string&)> warn_;
  bool warned_ = false;  // used only by write()
  std::mutex mutex_;     // guards the fields below
  Metrics metrics_;
  ReadContext* context_ = nullptr;
  std::chrono::steady_clock::time_point collected_;
  std::condition_variable_any wake_;
  std::atomic<bool> waits_for_database_{false};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backglance
