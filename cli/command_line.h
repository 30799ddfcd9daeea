// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/usage_check.h"

namespace backglance {

// The command to run, and the common options.
struct CommandLine {
  Runner run;
  CommonOptions common;
  // The command changes something, or answers with its exit code: what it prints without --json is
  // for people, and the work is done if it is lost.
  bool is_output_for_people = false;
};

// True if the words ask for JSON, whether the rest of them can be used or not.
bool asks_for_json(const std::vector<std::string>& words);

// The same for the line that Nagios reads.
bool asks_for_nagios(const std::vector<std::string>& words);

// Every command with its options, as the parser has them: what help, manual pages, completions and
// options files are made from.
KnownCommand command_tree();

// The help of the command at this path ({"attest", "verify"}); of the program, if it is empty.
// Throws Error{usage} if there is none.
std::string help_of(const std::vector<std::string>& path);

// Reads the words of a command line, without the program's name. Returns nothing if there is no
// command to run: help or the version was printed. Throws Error{usage} if the usage is wrong.
std::optional<CommandLine> read_command_line(const std::vector<std::string>& words);

}  // namespace backglance
