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

// What backfill, verify and sync know of working unattended, beside others: when to work, when to
// hold back, and whom to tell.

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
};
void add_job_options(Arguments& app, JobFlags& flags);

struct JobOptions {
  std::optional<Windows> windows;
  ThrottleOptions throttle;
  std::optional<std::string> metrics;
  std::optional<std::string> log;
  LogFormat log_format = LogFormat::text;
  std::optional<std::string> attest;  // a file with the site's key
  std::string attest_to;
};
// Throws Error{usage} for a text that is no such thing.
JobOptions job_options(const JobFlags& flags);

// Before anything is done, and for a dry run, which writes none of them: throws what run_job()
// would throw of --attest, --attest-to and --log, and Error{usage} for a file that is the site's
// own.
void require_usable(const JobOptions& job, const Site& site);

using ReadCommand = ReadResult (*)(const Site&, ReadContext&, const ReadOptions&, const OnResult&);

// Runs a reading command under its progress display, in its windows and behind its throttles.
// Findings, waits and warnings are said as they come, and told to whom the options name. `name` is
// the command's.
ReadResult run_job(const std::string& name, const Site& site, const ReadOptions& options,
                   const JobOptions& job, ReadCommand command);

}  // namespace backglance
