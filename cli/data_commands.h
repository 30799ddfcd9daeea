// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/job.h"
#include "cli/signature_options.h"
#include "migrate/migrate.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// The options of backfill, verify and sync, as text from the command line.
struct ReadFlags {
  int jobs = 0;
  int streams = 0;
  std::string digest_engine = "auto";
  std::string priority = "idle";
  std::optional<std::int64_t> limit;
  std::optional<std::string> max_bytes;
  std::optional<std::string> checkpoint_every;
  std::optional<std::string> max_runtime;
  std::optional<std::string> bandwidth;
  std::optional<std::string> older_than;
  std::vector<std::string> images;
  SignatureFlags signatures;
  bool retry_failed = false;
  bool sweep = false;
  bool forget = false;
  JobFlags job;
};

// Help of the options whose meaning depends on the command.
struct ReadHelp {
  std::string limit;
  std::string max_bytes;
  std::string max_runtime;
};
void add_read_options(Arguments& app, ReadFlags& flags, const ReadHelp& help);

// Throws Error{usage} for a text that is not a valid size or duration.
ReadOptions read_options(const ReadFlags& flags);

// Print the result for a person. `verb` is the name in front: "backfill", "verify", "sweep".
void print_read_result(const ReadResult& result, const std::string& verb);
// `next` is the command that is due after it; empty for none.
void print_migrate_result(const MigrateResult& result, bool dry_run, const std::string& next = {});

}  // namespace backglance
