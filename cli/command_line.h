// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/command.h"

namespace backglance {

// The command to run, and the common options.
struct CommandLine {
  Runner run;
  CommonOptions common;
};

// Reads the command line. Returns nothing if there is no command to run: help or the version was
// printed, or the usage was wrong, which it reports on standard error. Then `exit_code` is the
// program's exit code. Call it once.
std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code);

}  // namespace backglance
