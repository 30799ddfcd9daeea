// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/usage_text.h"

namespace backglance {
namespace {

using Value = KnownOption::Value;

constexpr const char* kSystemFile = "/etc/backglance/backglance.conf";
constexpr std::string_view kPrefix = "BACKGLANCE_";
constexpr std::size_t kLongestFile = 1 << 20;  // bytes

// One value of an option, and where it stands.
struct Setting {
  std::string name;     // "--limit"
  std::string section;  // the command, "attest verify"; empty: every command that has the option
  std::string value;
  std::string where;  // "BACKGLANCE_LIMIT", "fleet.conf line 3"
};

const KnownOption* find_option(const KnownCommand& command, const std::string& name) {
  for (const KnownOption& option : command.options)
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
      return &option;
  return nullptr;
}

// All options of the command and of the commands below it.
void collect(const KnownCommand& command, std::map<std::string, const KnownOption*>& options) {
  for (const KnownOption& option : command.options)
    for (const std::string& name : option.names)
      if (name.starts_with("--"))
        options.emplace(name, &option);
  for (const KnownCommand& sub : command.commands)
    collect(sub, options);
}

// The names without dashes that may be set; what must be typed is left out.
std::vector<std::string> settable(const std::map<std::string, const KnownOption*>& options) {
  std::vector<std::string> names;
  for (const auto& [name, option] : options)
    if (!option->is_only_typed)
      names.push_back(name.substr(2));
  return names;
}

// Throws unless the option exists below `command`, and need not be typed. `shown` is how a message
// names it, `spell` how it names another option.
void require_settable(const KnownCommand& command, const std::string& name,
                      const std::string& shown,
                      const std::function<std::string(std::string)>& spell) {
  std::map<std::string, const KnownOption*> options;
  collect(command, options);
  const auto found = options.find(name);
  if (found == options.end()) {
    std::vector<std::string> names = settable(options);
    std::transform(names.begin(), names.end(), names.begin(), spell);
    const std::string whose = command.name.empty() ? "no command" : command.name;
    throw Error(
        ErrorKind::usage,
        fmt::format("{}: {} has {} option {}{}", shown, whose, command.name.empty() ? "the" : "no",
                    printable(name, 80), did_you_mean(spell(name.substr(2)), names)),
        command.name.empty() ? "backglance help" : "backglance help " + command.name);
  }
  if (found->second->is_only_typed)
    throw Error(ErrorKind::usage,
                fmt::format("{}: {} must be typed on the command line, because it confirms, undoes "
                            "or chooses something for one run; remove the setting",
                            shown, name));
}

// Variables that are not ours: those of backglance's own tests, and those that Kubernetes sets in
// each container for a Service of this name.
bool is_foreign(std::string_view name) {
  return name.starts_with("TEST_") || name.starts_with("SERVICE_") || name == "PORT" ||
         name.starts_with("PORT_") || name == "CHROOTS";
}

std::string variable_of(std::string name) {
  for (char& c : name)
    c = c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return std::string(kPrefix) + name;
}

std::vector<Setting> of_environment(const KnownCommand& program) {
  std::vector<Setting> settings;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const std::size_t equals = std::min(entry.find('='), entry.size());
    const std::string_view variable = entry.substr(0, equals);
    if (!variable.starts_with(kPrefix) || is_foreign(variable.substr(kPrefix.size())))
      continue;
    std::string name = lower_ascii(variable.substr(kPrefix.size()));
    std::replace(name.begin(), name.end(), '_', '-');
    const std::string shown = printable(variable, 80);
    // Only capitals: Backglance_Limit is nobody's variable of ours.
    if (variable_of(name) != variable)
      throw Error(ErrorKind::usage, shown + ": names of variables are in capitals; write " +
                                        printable(variable_of(name), 80));
    require_settable(program, "--" + name, "variable " + shown, variable_of);
    // An empty variable is how a template unsets one.
    if (equals + 1 < entry.size())
      settings.push_back({"--" + name, "", std::string(entry.substr(equals + 1)), shown});
  }
  return settings;
}

// The lines of the file; nothing if it does not exist.
std::optional<std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT)
    return std::nullopt;
  std::string text;
  if (in) {
    text.resize(kLongestFile + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || (!in.eof() && in.fail()))
    throw Error(ErrorKind::usage, io_error("options file " + printable(file), errno).what());
  if (text.size() > kLongestFile)
    throw Error(ErrorKind::usage,
                fmt::format("options file {}: it is longer than 1 MiB", printable(file)));
  return text;
}

// Anybody on the host could read the password in the URL.
void warn_of_secrets(const std::string& file, const std::vector<Setting>& settings) {
  struct stat there = {};
  if (stat(file.c_str(), &there) != 0 || (there.st_mode & S_IROTH) == 0)
    return;
  for (const Setting& setting : settings)
    if (setting.name.ends_with("database") && setting.value.find('@') != std::string::npos) {
      print_err(
          "warning: options file {}: every user of this host can read the database URL in "
          "it: chmod o= {}\n",
          printable(file), printable(file));
      return;
    }
}

std::vector<Setting> of_file(const KnownCommand& program, const std::string& file,
                             bool must_exist) {
  const auto text = text_of(file);
  if (!text && must_exist)
    throw Error(ErrorKind::usage, io_error("options file " + printable(file), ENOENT).what());
  std::vector<Setting> settings;
  const KnownCommand* command = &program;
  std::string section;
  int number = 0;
  for (const std::string& whole : split(text.value_or(""), '\n')) {
    const std::string_view line = trim(whole);
    const std::string where = fmt::format("{} line {}", printable(file), ++number);
    if (line.empty() || line.front() == '#' || line.front() == ';')
      continue;
    if (line.front() == '[' && line.back() == ']') {
      section = trim(line.substr(1, line.size() - 2));
      command = command_at(program, split(section, ' '));
      std::vector<std::string> names;
      for (const KnownCommand& one : program.commands)
        names.push_back(one.name);
      if (command == nullptr)
        throw Error(ErrorKind::usage,
                    fmt::format("{}: {}", where, unknown_command("", names, {}, section)));
      continue;
    }
    const std::size_t equals = line.find('=');
    // The line itself may be a secret.
    if (equals == std::string_view::npos || trim(line.substr(0, equals)).empty())
      throw Error(ErrorKind::usage,
                  where + ": a line is \"option = value\", \"[command]\" or a comment after '#'");
    std::string name(trim(line.substr(0, equals)));
    std::replace(name.begin(), name.end(), '_', '-');
    require_settable(*command, "--" + name, where, [](std::string other) { return other; });
    settings.push_back({"--" + name, section, std::string(trim(line.substr(equals + 1))), where});
  }
  warn_of_secrets(file, settings);
  return settings;
}

// What the words say already: the command, and the options that are typed.
struct Typed {
  std::vector<std::string> path;
  std::size_t after_command = 0;  // where more options may be put
  std::set<std::string> names;
  std::optional<std::string> file;  // of --options
};

Typed typed_in(const KnownCommand& program, const std::vector<std::string>& words) {
  Typed typed;
  const KnownCommand* at = &program;
  std::map<std::string, const KnownOption*> options;
  collect(program, options);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (word.starts_with("-") && word.size() > 1) {
      const std::size_t equals = std::min(word.find('='), word.size());
      const std::string name = word.substr(0, equals);
      typed.names.insert(name);
      const auto found = options.find(name);
      const bool takes_next = found != options.end() && equals == word.size() &&
                              found->second->value == Value::required && i + 1 < words.size();
      if (name == "--options")
        typed.file = takes_next ? words[i + 1] : word.substr(std::min(equals + 1, word.size()));
      i += takes_next ? 1 : 0;
      continue;
    }
    if (const KnownCommand* const next = command_at(*at, {word})) {
      typed.path.push_back(word);
      typed.after_command = i + 1;
      at = next;
    }
  }
  return typed;
}

bool is_true(const Setting& setting) {
  const std::string value = lower_ascii(setting.value);
  if (value == "true" || value == "yes" || value == "on" || value == "1")
    return true;
  if (value == "false" || value == "no" || value == "off" || value == "0")
    return false;
  throw Error(ErrorKind::usage, fmt::format("{}: {} is a flag: its value must be true or false",
                                            setting.where, setting.name));
}

// The option as the command has it; null if it has none of this name. A subcommand also has those
// of its command.
const KnownOption* option_at(const KnownCommand& program, const std::vector<std::string>& path,
                             const std::string& name) {
  for (std::size_t length = path.size(); length > 0; --length)
    if (const KnownOption* const option = find_option(
            *command_at(program,
                        {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length)}),
            name))
      return option;
  return nullptr;
}

// Adds the settings of one source that concern this command; `known` are the options that a source
// which counts more has set.
void add(const KnownCommand& program, const Typed& typed, const std::vector<Setting>& settings,
         std::set<std::string>& known, std::vector<std::string>& more, CompletedWords& out) {
  const std::string here = join(typed.path, " ");
  // The longest section first: [attest verify] counts more than [attest], which counts more than
  // none.
  std::vector<std::string> sections;
  for (std::string section = here; !section.empty();
       section.resize(section.rfind(' ') == std::string::npos ? 0 : section.rfind(' ')))
    sections.push_back(section);
  sections.emplace_back();
  for (const std::string& section : sections) {
    std::map<std::string, std::vector<const Setting*>> mine;
    for (const Setting& setting : settings)
      if (setting.section == section && !known.contains(setting.name) &&
          option_at(program, typed.path, setting.name) != nullptr)
        mine[setting.name].push_back(&setting);
    for (const auto& [name, values] : mine) {
      const KnownOption& option = *option_at(program, typed.path, name);
      known.insert(name);
      out.sources.emplace_back(name, values.back()->where);
      for (const Setting* value : values) {
        // Of an option that is given once, the last line counts, as in Glance's own files.
        if (!option.is_repeatable && value != values.back())
          continue;
        if (option.value == Value::none && is_true(*value))
          more.push_back(name);
        else if (option.value != Value::none)
          more.push_back(name + "=" + value->value);
      }
    }
  }
}

}  // namespace

CompletedWords with_settings(const KnownCommand& program, const std::vector<std::string>& words) {
  CompletedWords out{words, {}};
  const Typed typed = typed_in(program, words);
  if (typed.path.empty() || typed.names.contains("--help") || typed.names.contains("-h") ||
      typed.names.contains("--version") || option_at(program, typed.path, "--options") == nullptr)
    return out;
  std::set<std::string> known = typed.names;
  std::vector<std::string> more;
  std::vector<Setting> variables = of_environment(program);
  std::optional<std::string> file = typed.file;
  for (const Setting& variable : variables)
    if (variable.name == "--options" && !file)
      file = variable.value;
  add(program, typed, variables, known, more, out);
  if (file)
    add(program, typed, of_file(program, *file, true), known, more, out);
  add(program, typed, of_file(program, kSystemFile, false), known, more, out);
  out.words.insert(out.words.begin() + static_cast<std::ptrdiff_t>(typed.after_command),
                   more.begin(), more.end());
  return out;
}

std::string with_sources(const std::string& text, const CompletedWords& completed) {
  std::string out = text;
  for (const auto& [name, where] : completed.sources) {
    const std::size_t at = text.find(name);
    const std::size_t end = at + name.size();
    // "--limit" is not "--limits".
    if (at != std::string::npos &&
        (end == text.size() || text.find_first_of("abcdefghijklmnopqrstuvwxyz-", end) != end))
      out += fmt::format(" ({} comes from {})", name, where);
  }
  return out;
}

}  // namespace backglance
