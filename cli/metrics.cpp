// SPDX-License-Identifier: Apache-2.0
#include "cli/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "cli/shared_metrics.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kEvery{10};
constexpr std::string_view kLastSuccess = "backglance_last_success_timestamp_seconds";

// All sources that may close the gate. A source that does not close it now is written as 0.
constexpr std::array<std::string_view, 8> kSources = {
    "database", "disk_full", "flow_control", "lag", "load", "other_run", "pause", "window"};

// The value of a label: an id is what an operator has written.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : printable(value, 80)) {
    if (c == '\\' || c == '"')
      out += '\\';
    out += c;
  }
  return out;
}

class Text {
 public:
  explicit Text(std::string command) : command_(std::move(command)) {}

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Number>
  void sample(Number value, std::string_view label = {}, std::string_view is = {}) {
    out_ += fmt::format("{}{{command=\"{}\"", name_, command_);
    if (!label.empty())
      out_ += fmt::format(",{}=\"{}\"", label, is);
    out_ += fmt::format("}} {}\n", value);
  }
  void of_store(std::uint64_t value, const NamedStore& store) {
    out_ += fmt::format("{}{{command=\"{}\",store=\"{}\",type=\"{}\"}} {}\n", name_, command_,
                        escaped(store.id), escaped(store.type), value);
  }
  template <typename Number>
  void one(std::string_view name, std::string_view type, Number value, std::string_view help) {
    family(name, type, help);
    sample(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string command_;
  std::string_view name_;
  std::string out_;
};

std::string_view state_of(const Metrics& metrics) {
  if (!metrics.exit_code)
    return "running";
  if (metrics.ended_waiting)
    return "waiting";
  switch (*metrics.exit_code) {
    case ExitCode::done:
      return "done";
    case ExitCode::findings:
      return "findings";
    case ExitCode::interrupted:
      return "interrupted";
    default:
      return "failed";
  }
}

void add_stores(const Metrics& metrics, Text& text) {
  // A family without samples is not valid. A run that ended before it began has none.
  if (metrics.stores.empty())
    return;
  text.family("backglance_store_images_total", "counter",
              "Images that this run dealt with, by the store of their first location.");
  for (const auto& [store, figures] : metrics.stores)
    text.of_store(figures.images, store);
  text.family("backglance_store_image_bytes_total", "counter",
              "Bytes read of those images, by store.");
  for (const auto& [store, figures] : metrics.stores)
    text.of_store(figures.bytes, store);
  text.family("backglance_store_findings", "gauge",
              "Images of this run that a person should look at, by store.");
  for (const auto& [store, figures] : metrics.stores)
    text.of_store(figures.findings, store);
}

}  // namespace

std::string metrics_text(const Metrics& metrics) {
  Text text(metrics.command);
  const auto& classes = metrics.result.classes;
  text.family("backglance_images_total", "counter", "Images that this run dealt with, by result.");
  for (std::size_t i = 0; i < classes.size(); ++i)
    text.sample(classes[i].images, "result", result_name(static_cast<ImageResult>(i)));
  text.family("backglance_image_bytes_total", "counter", "Bytes read of those images, by result.");
  for (std::size_t i = 0; i < classes.size(); ++i)
    text.sample(classes[i].bytes, "result", result_name(static_cast<ImageResult>(i)));
  add_stores(metrics, text);
  text.one("backglance_read_bytes_total", "counter", metrics.bytes_read,
           "Bytes that this run has read, images under way included.");
  text.one("backglance_findings", "gauge", metrics.findings,
           "Images of this run that a person should look at.");
  text.one("backglance_left_images", "gauge", metrics.left_images,
           "Images still to be read by this run, or any if it has ended.");
  text.one("backglance_left_bytes", "gauge", metrics.left_bytes, "Known bytes of those images.");
  text.one("backglance_read_bytes_per_second", "gauge",
           fmt::format("{:.0f}", metrics.bytes_per_second), "Rate since the last write.");
  text.family("backglance_waiting", "gauge",
              "1 while the run waits for this reason, or if its time ended while it did.");
  std::vector<std::string> sources(kSources.begin(), kSources.end());
  for (const std::string& source : metrics.waiting_for)
    if (std::find(sources.begin(), sources.end(), source) == sources.end())
      sources.push_back(source);
  for (const std::string& source : sources)
    text.sample(std::count(metrics.waiting_for.begin(), metrics.waiting_for.end(), source),
                "reason", source);
  text.family("backglance_run_state", "gauge", "1 for what the run is at, or how it ended.");
  for (const char* state : {"running", "done", "findings", "waiting", "interrupted", "failed"})
    text.sample(state_of(metrics) == state ? 1 : 0, "state", state);
  if (metrics.exit_code)
    text.one("backglance_exit_code", "gauge", static_cast<int>(*metrics.exit_code),
             "Exit code of the run; not there while it is at work.");
  text.one("backglance_start_timestamp_seconds", "gauge", metrics.started_at,
           "When the run began.");
  text.one("backglance_update_timestamp_seconds", "gauge", metrics.written_at,
           "When this file was written.");
  if (metrics.last_success)
    text.one(kLastSuccess, "gauge", *metrics.last_success,
             "When a run last ended by itself and not while it waited, with or without findings.");
  return text.take();
}

std::optional<std::int64_t> last_success_of(const std::string& text, const std::string& command) {
  const std::string sample = fmt::format("{}{{command=\"{}\"}} ", kLastSuccess, command);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(sample))
      continue;
    std::int64_t value = 0;
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + sample.size(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end)
      return value;
  }
  return std::nullopt;
}

MetricsFile::MetricsFile(const std::filesystem::path& path, std::string command,
                         std::function<void(const std::string&)> warn)
    : path_(metrics_target(path)), warn_(std::move(warn)) {
  // The old file keeps the last success across runs.
  metrics_.last_success = last_success_of(read_metrics(path_), command);
  metrics_.command = std::move(command);
  metrics_.started_at = std::time(nullptr);
}

MetricsFile::~MetricsFile() {
  detach();
}

void MetricsFile::attach(ReadContext& context) {
  {
    const std::lock_guard lock(mutex_);
    context_ = &context;
    for (const Store& store : context.stores.configured())
      metrics_.stores[{.type = store.type, .id = store.id}];
    collected_ = std::chrono::steady_clock::now();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void MetricsFile::detach() {
  if (!thread_.joinable())
    return;
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  const std::lock_guard lock(mutex_);
  collect();
  context_ = nullptr;
}

void MetricsFile::count(const ReadOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  ClassTotal& total = metrics_.result.total(outcome.result);
  ++total.images;
  total.bytes += outcome.bytes;
  if (outcome.store_type.empty())
    return;
  NamedStore name{.type = outcome.store_type, .id = outcome.store_id};
  // What only rows name may be any number of texts.
  if (!metrics_.stores.contains(name))
    name.id = kNotConfigured;
  StoreMetrics& store = metrics_.stores[name];
  ++store.images;
  store.bytes += static_cast<std::uint64_t>(outcome.bytes);
  store.findings += is_finding(outcome) ? 1 : 0;
}

void MetricsFile::finish(const ReadResult* result, ExitCode exit_code) {
  std::unique_lock lock(mutex_);
  metrics_.exit_code = exit_code;
  // The last collect(), in detach(), has seen what the run was waiting for.
  metrics_.ended_waiting = (exit_code == ExitCode::done || exit_code == ExitCode::findings) &&
                           result != nullptr && result->end != RunEnd::complete &&
                           !result->waited_for.empty();
  if (!metrics_.ended_waiting)
    metrics_.waiting_for.clear();
  metrics_.bytes_per_second = 0;
  // After verify, left_images counts images that were not compared, which is something else.
  if (result != nullptr && metrics_.command != "verify") {
    metrics_.left_images = static_cast<std::uint64_t>(result->left_images);
    metrics_.left_bytes = static_cast<std::uint64_t>(result->left_bytes);
  }
  if (!metrics_.ended_waiting && (exit_code == ExitCode::done || exit_code == ExitCode::findings))
    metrics_.last_success = std::time(nullptr);
  write(lock);
}

void MetricsFile::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    collect();
    write(lock);
    wake_.wait_for(lock, stop, kEvery, [] { return false; });
  }
}

// Requires mutex_ and a context.
void MetricsFile::collect() {
  const ReadCounters& counters = context_->counters;
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - collected_).count();
  const std::uint64_t read = counters.bytes_read.load();
  metrics_.bytes_per_second =
      static_cast<double>(read - metrics_.bytes_read) / std::max(seconds, 1e-3);
  collected_ = now;
  metrics_.bytes_read = read;
  metrics_.findings = counters.findings.load();
  const auto left = [](std::uint64_t total, std::uint64_t done) {
    return total - std::min(total, done);
  };
  metrics_.left_images = left(counters.images_total.load(), counters.images_settled.load());
  metrics_.left_bytes = left(counters.bytes_total.load(), read + counters.bytes_skipped.load());
  metrics_.waiting_for.clear();
  for (const PauseGate::Reason& reason : context_->control.pause_gate().reasons())
    metrics_.waiting_for.push_back(reason.source);
  if (waits_for_database_.load())
    metrics_.waiting_for.emplace_back("database");
}

void MetricsFile::write(std::unique_lock<std::mutex>& lock) {
  metrics_.written_at = std::time(nullptr);
  const std::string text = metrics_text(metrics_);
  // A busy disk may take seconds, and count() must not wait for it.
  lock.unlock();
  try {
    write_shared_metrics(path_, text, {metrics_.command});
  } catch (const Error& error) {
    if (!warned_)
      warn_(error.what());
    warned_ = true;
  }
  lock.lock();
}

}  // namespace backglance
