#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "backfill/backfill.h"
#include "backfill/window.h"
#include "glance/site.h"

namespace backglance {

// What backfill, verify and sync know of working unattended, beside others: when to work, when to
// hold back, and whom to tell.

struct JobFlags {
  std::optional<std::string> window;
};
void add_job_options(CLI::App& app, JobFlags& flags);

struct JobOptions {
  std::optional<Windows> windows;
};
// Throws Error{usage} for a text that is no such thing.
JobOptions job_options(const JobFlags& flags);

using ReadCommand = ReadResult (*)(const Site&, ReadContext&, const ReadOptions&, const OnResult&);

// Runs a reading command under its progress display, in its windows. Findings and waits are said
// as they come. `name` is the command's, for those who are told.
ReadResult run_job(const std::string& name, const Site& site, const ReadOptions& options,
                   const JobOptions& job, ReadCommand command);

}  // namespace backglance
