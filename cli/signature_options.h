// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// By what signatures are verified, as the command line gives it.
struct SignatureFlags {
  std::optional<std::string> certificates;
  std::optional<std::string> key_manager;
  std::optional<std::string> trusted;
  bool signed_only = false;  // verify --signatures
};

void add_signature_options(Arguments& app, SignatureFlags& flags);

// Into `options`. Prints what of the trusted certificates is of no use. Throws Error{usage}.
void take_signature_options(const SignatureFlags& flags, ReadOptions& options);

// Lines on what was found, if anything.
void print_signatures(const ReadResult& result);

}  // namespace backglance
