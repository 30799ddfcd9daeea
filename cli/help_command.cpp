// SPDX-License-Identifier: Apache-2.0
// help: everything that is made from the table of commands.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/completions.h"
#include "cli/console.h"
#include "cli/man_page.h"
#include "cli/usage_text.h"

namespace backglance {
namespace {

struct HelpFlags {
  std::vector<std::string> path;
  bool man = false;
  bool commands = false;
  std::optional<std::string> completions;
};

// Throws Error{usage} for a word that is no command, and names the one that was probably meant.
void require_command(const KnownCommand& program, const std::vector<std::string>& path) {
  std::vector<std::string> above;
  for (const std::string& word : path) {
    const KnownCommand& at = *command_at(program, above);
    above.push_back(word);
    if (command_at(program, above) != nullptr)
      continue;
    if (at.commands.empty())
      throw Error(ErrorKind::usage,
                  fmt::format("'{}': {} has no commands", printable(word, 80), at.name),
                  "backglance help " + at.name);
    std::vector<std::string> names;
    for (const KnownCommand& one : at.commands)
      names.push_back(one.name);
    throw Error(ErrorKind::usage, unknown_command(at.name, names, {}, word), "backglance help");
  }
}

void print_names(const KnownCommand& command, const std::string& above) {
  for (const KnownCommand& sub : command.commands) {
    print_out("{}{}\n", above, sub.name);
    print_names(sub, above + sub.name + " ");
  }
}

ExitCode run_help(const HelpFlags& flags) {
  const KnownCommand program = command_tree();
  require_command(program, flags.path);
  if (flags.completions)
    write_out(completions(program, *flags.completions));
  else if (flags.man)
    write_out(man_page(program, flags.path));
  else if (flags.commands)
    print_names(*command_at(program, flags.path), "");
  else
    write_out(help_of(flags.path));
  return ExitCode::done;
}

}  // namespace

Runner add_help(Arguments& app) {
  auto flags = std::make_shared<HelpFlags>();
  app.option("COMMAND", flags->path,
             "Show the help of this command (default: the list of all commands)");
  Option man =
      app.flag("--man", flags->man,
               "Print the manual page in place of the help: backglance help --man backfill "
               "| man -l -");
  Option commands =
      app.flag("--commands", flags->commands, "Print the names of all commands, one per line")
          .excludes(man);
  app.option("--completions", flags->completions,
             "Print what this shell reads to complete commands and options")
      .type("SHELL")
      .one_of({"bash", "zsh", "fish"})
      .excludes(man)
      .excludes(commands);
  return [flags](const CommonOptions&) { return run_help(*flags); };
}

}  // namespace backglance
