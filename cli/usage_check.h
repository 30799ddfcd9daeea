// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace backglance {

// What a command line may contain, without the parser's types: cli/command_line.cpp fills it in.

struct KnownOption {
  enum class Value {
    none,      // a flag: "--yes"
    optional,  // a flag that may carry a value: "--csv", "--csv=NAME"
    required,  // "--limit N", "--limit=N"
  };
  std::vector<std::string> names;  // with dashes: "-h", "--help"; of an argument: "FILE"
  Value value = Value::none;
  std::string type;                  // how help names the value: "FILE"; "[=TABLE]" if optional
  std::vector<std::string> choices;  // all values that are allowed; empty: others, or any
  std::string text;                  // the help, with the default value
  std::string group;                 // the heading of help under which it stands
  bool is_required = false;
  bool is_repeatable = false;
  bool is_only_typed = false;  // not from an options file or a variable
};

struct KnownCommand {
  std::string name;  // empty: the program itself
  std::vector<KnownOption> options;
  std::vector<KnownCommand> commands;
  bool takes_words = false;        // it has arguments that are not options
  std::vector<KnownOption> words;  // these arguments
  std::string help;                // what it does, in one sentence
  std::vector<std::pair<int, std::string>> exit_codes;
};

// The command at this path below `program`; null if there is none. An empty path is the program.
const KnownCommand* command_at(const KnownCommand& program, const std::vector<std::string>& path);

// Says what is wrong with the words of a command line (without the program's name), or nothing: the
// first word that is no option, no command and no argument where it stands, a flag that is given a
// value, or an option whose value is missing or empty. One line, without control characters.
// Whether a value is valid is not checked.
//
// The parser alone does not suffice: it would take "--dry-run=no" for a request to change
// something, and the word after "--image=" for the image.
std::optional<std::string> usage_fault(const KnownCommand& program,
                                       const std::vector<std::string>& words);

}  // namespace backglance
