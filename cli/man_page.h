// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/usage_check.h"

namespace backglance {

// The manual page of the command at `path` ({"attest", "verify"}; empty: the program), in the
// language of man(7). `program` is command_tree() (cli/command_line.h), so a page has every option
// that the parser has. The command must exist.
std::string man_page(const KnownCommand& program, const std::vector<std::string>& path);

}  // namespace backglance
