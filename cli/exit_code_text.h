// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"

namespace backglance {

struct ExitCodeText {
  ExitCode code = ExitCode::done;
  std::string text;  // "another run is at work"
};

// The exit codes with which a command may end, in ascending order; of the program (null), all.
std::vector<ExitCodeText> exit_codes(const Command* command);

}  // namespace backglance
