// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/command.h"

namespace backglance {

// What the command line says is to be done.
struct CommandLine {
  Runner run;
  CommonOptions common;
};

// Reads the command line. Nothing if that was all there was to do: help or the version was printed,
// or the usage was wrong, which is said on standard error. `exit_code` is what the program then
// ends with. Called once.
std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code);

}  // namespace backglance
