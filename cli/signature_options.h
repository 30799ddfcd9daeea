// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// The options for verifying signatures, as the command line gives them.
struct SignatureFlags {
  std::optional<std::string> certificates;
  std::optional<std::string> key_manager;
  std::optional<std::string> trusted;
  bool signed_only = false;  // verify --signatures
};

void add_signature_options(Arguments& app, SignatureFlags& flags);

// Puts the options into `options`. Prints a warning for each trusted certificate that is of no use.
// Throws Error{usage}.
void take_signature_options(const SignatureFlags& flags, ReadOptions& options);

// Prints the verdicts, if there are any.
void print_signatures(const ReadResult& result);

}  // namespace backglance
