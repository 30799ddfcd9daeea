// SPDX-License-Identifier: Apache-2.0
#include "cli/man_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "version.h"

namespace backglance {
namespace {

// A dash of an option must be a dash that can be copied, and a line must not begin with a control
// character.
std::string escaped(const std::string& text) {
  std::string out = text;
  replace_all(out, "\\", "\\e");
  replace_all(out, "-", "\\-");
  if (out.starts_with('.') || out.starts_with('\''))
    out.insert(0, "\\&");
  return out;
}

std::string sentence(const std::string& text) {
  return escaped(text) + (text.ends_with('.') ? "\n" : ".\n");
}

// "\fB\-h\fR, \fB\-\-help\fR" and the name of the value.
std::string names_of(const KnownOption& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names)
    names.push_back("\\fB" + escaped(name) + "\\fR");
  std::string out = join(names, ", ");
  if (!option.type.empty() && option.value != KnownOption::Value::none)
    out += (option.value == KnownOption::Value::required ? " " : "") +
           ("\\fI" + escaped(option.type)) + "\\fR";
  return out;
}

std::string entry(const std::string& name, const std::string& text) {
  return ".TP\n" + name + "\n" + sentence(text);
}

std::string page_name(const std::vector<std::string>& path) {
  std::string name = "backglance";
  for (const std::string& word : path)
    name += "-" + word;
  return name;
}

std::string synopsis(const KnownCommand& command, const std::vector<std::string>& path) {
  std::string out = ".B backglance" + (path.empty() ? "" : " " + join(path, " ")) + "\n";
  out += "[\\fIOPTION\\fR]...\n";
  if (!command.commands.empty())
    out += "\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n";
  for (const KnownOption& word : command.words)
    out += word.is_required ? "\\fI" + escaped(word.names.front()) + "\\fR...\n"
                            : "[\\fI" + escaped(word.names.front()) + "\\fR]...\n";
  return out;
}

// By the headings of help, in the order in which help has them.
std::string options_of(const KnownCommand& command) {
  std::vector<std::string> groups;
  for (const KnownOption& option : command.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  std::string out = ".SH OPTIONS\n";
  for (const std::string& group : groups) {
    if (group != groups.front())
      out += ".SS " + escaped(group) + "\n";
    for (const KnownOption& option : command.options)
      if (option.group == group)
        out += entry(names_of(option), option.text);
  }
  return out;
}

std::string related(const KnownCommand& program, const std::vector<std::string>& path) {
  std::vector<std::string> pages;
  if (!path.empty())
    pages.emplace_back("backglance");
  for (const KnownCommand& command : program.commands) {
    if (path.empty())
      pages.push_back("backglance-" + command.name);
    if (!path.empty() && command.name == path.front())
      for (const KnownCommand& sub : command.commands)
        pages.push_back("backglance-" + command.name + "-" + sub.name);
  }
  std::vector<std::string> out;
  for (const std::string& page : pages)
    if (page != page_name(path))
      out.push_back(".BR " + escaped(page) + " (1)");
  return ".SH SEE ALSO\n" + join(out, ",\n") + "\n";
}

}  // namespace

std::string man_page(const KnownCommand& program, const std::vector<std::string>& path) {
  const KnownCommand& command = *command_at(program, path);
  const std::string name = page_name(path);
  // Without a date: the same sources make the same page.
  std::string out = fmt::format(
      ".\\\" Made by backglance help --man\n.TH {} 1 \"\" \"backglance {}\" \"User Commands\"\n"
      ".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}.SH DESCRIPTION\n{}",
      escaped(name), escaped(std::string(kVersion)), escaped(name),
      // Tools that index pages take the first line, which must not end with a dot.
      escaped(path.empty() ? "bring an OpenStack Glance site up to date while it serves"
                           : command.help.substr(0, command.help.find(". "))),
      synopsis(command, path), sentence(command.help));
  if (!command.commands.empty()) {
    out += ".SH COMMANDS\n";
    for (const KnownCommand& sub : command.commands)
      out += entry("\\fB" + escaped(sub.name) + "\\fR", sub.help);
  }
  out += options_of(command);
  if (path.size() > 1)
    out += ".PP\n" + sentence("All options of backglance " + path.front() + " work here too");
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, text] : command.exit_codes)
    out += entry(fmt::format("\\fB{}\\fR", code), text);
  out += ".SH ENVIRONMENT\n" +
         entry("\\fBBACKGLANCE_\\fR\\fIOPTION\\fR",
               "The value of an option: BACKGLANCE_MAX_LOAD=20 stands for --max-load 20. A "
               "variable whose option the command does not have is ignored; one that is no option "
               "of any command is refused");
  out += ".SH FILES\n" +
         entry("\\fI/etc/backglance/backglance.conf\\fR",
               "Options, one per line, for all commands or in the section of one command. "
               "Variables and options of the command line override it. Documented in "
               "docs/command-line.md") +
         entry("\\fI/etc/glance/glance-api.conf\\fR",
               "Glance's own configuration, from which the database and the stores are read");
  return out + related(program, path);
}

}  // namespace backglance
