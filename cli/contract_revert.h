// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "sql/session.h"

namespace backglance {

// Of `contract --revert`: where from. Without an archive it is our own table.
struct RevertFlags {
  bool revert = false;
  std::optional<std::string> archive;
  std::optional<std::string> key;
  bool is_unsigned = false;
};

// Adds its options and returns --revert.
Option add_revert_options(Arguments& app, RevertFlags& flags);

// Throws Error{usage} for an archive without a key that nobody has called unsigned.
ExitCode run_revert(const CommonOptions& common, Session& session, const RevertFlags& flags);

std::string properties_text(std::int64_t number);

}  // namespace backglance
