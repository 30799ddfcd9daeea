// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/event_log.h"
#include "glance/site.h"
#include "read/pace/throttle.h"
#include "read/pace/window.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// Options for unattended work of backfill, verify and sync: when to work, when to wait, and where
// to report.

// The options as text from the command line; nothing: not given.
struct JobFlags {
  std::optional<std::string> window;
  std::optional<std::int64_t> max_load;
  std::optional<std::string> max_lag;
  std::vector<std::string> lag_databases;
  std::optional<std::string> metrics;
  std::optional<std::string> log;
  std::optional<std::string> log_format;
  std::optional<std::string> attest;
  std::optional<std::string> attest_to;
  bool no_progress = false;
  bool verbose = false;
};
void add_job_options(Arguments& app, JobFlags& flags);

// The options after they were checked.
struct JobOptions {
  std::optional<Windows> windows;
  ThrottleOptions throttle;
  std::optional<std::string> metrics;
  std::optional<std::string> log;
  LogFormat log_format = LogFormat::text;
  std::optional<std::string> attest;  // file with the site's private key
  std::string attest_to;
  bool shows_progress = true;
  bool verbose = false;  // a line for each image, and for each finding
};
// Throws Error{usage} for a text that is not valid.
JobOptions job_options(const JobFlags& flags);

// Checks --attest, --attest-to, --log and --metrics before anything is done, and for a dry run,
// which writes none of them. Throws what run_job() would throw for them, and Error{usage} for a
// file that belongs to the site.
void require_usable(const JobOptions& job, const Site& site);

using ReadCommand = ReadResult (*)(const Site&, ReadContext&, const ReadOptions&, const OnResult&);

// Runs a command that reads images, with a progress display, within its windows and throttles.
// Reports findings, waits and warnings as they happen: on standard error, in the log and in the
// metrics. `name` is the name of the command. Throws what the command throws, after it was logged.
ReadResult run_job(const std::string& name, const Site& site, const ReadOptions& options,
                   const JobOptions& job, ReadCommand command);

}  // namespace backglance
