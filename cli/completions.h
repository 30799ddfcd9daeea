// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cli/usage_check.h"

namespace backglance {

// What a shell reads to complete the program's commands, options and values. `shell` is "bash",
// "zsh" or "fish"; nothing else is known. `program` is command_tree() (cli/command_line.h), so each
// option that the parser has is offered. None of them calls the program.
std::string completions(const KnownCommand& program, std::string_view shell);

}  // namespace backglance
