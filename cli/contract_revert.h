// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "sql/session.h"

namespace backglance {

// The options of `contract --revert`. Without an archive, the properties come from our own table.
struct RevertFlags {
  bool revert = false;
  std::optional<std::string> archive;
  std::optional<std::string> key;
  bool is_unsigned = false;
  bool is_incomplete = false;
};

// Adds its options and returns --revert.
Option add_revert_options(Arguments& app, RevertFlags& flags);

// Puts the properties back and prints the result. Throws Error{usage} for an archive without --key
// or --unsigned, and what contract/contract.h says.
ExitCode run_revert(const CommonOptions& common, Session& session, const RevertFlags& flags);

// "1 legacy signature property", "1,204 legacy signature properties".
std::string properties_text(std::int64_t number);

}  // namespace backglance
