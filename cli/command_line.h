// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/command.h"

namespace backglance {

// The command to run, and the common options.
struct CommandLine {
  Runner run;
  CommonOptions common;
  // The command changes something, or answers with its exit code: what it prints without --json is
  // for people, and the work is done if it is lost.
  bool is_output_for_people = false;
};

// Reads the command line. Returns nothing if there is no command to run: help or the version was
// printed, or the usage was wrong, which it reports on standard error. Then `exit_code` is the
// program's exit code. Call it once.
std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code);

}  // namespace backglance
