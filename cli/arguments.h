// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own name
class App;
class Option;
}  // namespace CLI

namespace backglance {

// The options of a command, without the parser's own types: only cli/arguments.cpp and
// cli/command_line.cpp include CLI11, because its templates take seconds to compile in each source
// that includes it. One thread at a time.

// An option that was just added. Each call adds one rule to it and returns the option itself.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  // The name of the value in help: "FILE".
  Option& type(const std::string& name);
  Option& required();
  // Help shows the value that the variable had when the option was added.
  Option& shows_default();
  // The option may be repeated, each time with one value.
  Option& repeatable();
  // A whole number from `least` to `most`, both included.
  Option& range(int least, int most);
  // A whole number, `least` or more.
  Option& at_least(std::int64_t least);
  Option& one_of(const std::vector<std::string>& values);
  // Shells offer these values, and others are allowed too.
  Option& suggests(const std::vector<std::string>& values);
  // Only a person at the command line may give the option: an options file or a variable that does
  // is refused. For options that confirm, undo or remove something.
  Option& only_typed();
  // Refuses the option together with `other`.
  Option& excludes(const Option& other);
  // Refuses the option without `other`.
  Option& needs(const Option& other);

  bool operator==(const Option& other) const { return option_ == other.option_; }

 private:
  CLI::Option* option_;
};

// Help prints the options of a command under these headings, in the order in which the first option
// of each was added.
inline constexpr const char* kMainGroup = "Options";
inline constexpr const char* kLimitsGroup = "Limits";
inline constexpr const char* kSpeedGroup = "Speed";
inline constexpr const char* kWhenGroup = "When to run";
inline constexpr const char* kSignaturesGroup = "Signatures";
inline constexpr const char* kOutputGroup = "Where results go";
inline constexpr const char* kSiteGroup = "Site";

// The options of one command. The parser writes each value into its variable, so the variable must
// live longer than the parser.
class Arguments {
 public:
  explicit Arguments(CLI::App& app) : app_(app) {}

  Option flag(const std::string& name, bool& value, const std::string& help);
  // A flag that may carry a value: "--csv" is `if_bare`, "--csv=NAME" is NAME.
  Option flag(const std::string& name, const std::string& if_bare, std::string& value,
              const std::string& help);
  // An option with a value; a name without dashes is a positional argument.
  Option option(const std::string& name, std::string& value, const std::string& help);
  Option option(const std::string& name, std::optional<std::string>& value,
                const std::string& help);
  Option option(const std::string& name, std::filesystem::path& value, const std::string& help);
  Option option(const std::string& name, std::vector<std::string>& value, const std::string& help);
  Option option(const std::string& name, std::vector<std::filesystem::path>& value,
                const std::string& help);
  Option option(const std::string& name, int& value, const std::string& help);
  Option option(const std::string& name, std::optional<std::int64_t>& value,
                const std::string& help);

  // An option of this command that was added before.
  Option find(const std::string& name) const;

  // A subcommand. The options of this command may be given before or after its name. One of the
  // subcommands is required. `is_given` becomes true if it is this one.
  Arguments subcommand(const std::string& name, const std::string& help, bool& is_given);

  // Help shows the options that are added from now on under this heading. kMainGroup is the heading
  // of all others; it comes first.
  void group(const std::string& heading);

 private:
  CLI::App& app_;
};

}  // namespace backglance
