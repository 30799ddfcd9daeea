// SPDX-License-Identifier: Apache-2.0
#include "cli/completions.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "base/text.h"

namespace backglance {
namespace {

// A command with the words that lead to it ("attest verify"; empty: the program) and all options
// that it takes, those of the command above it included.
struct Place {
  std::string path;
  const KnownCommand* command;
  std::vector<const KnownOption*> options;
};

void collect(const KnownCommand& command, const Place& above, std::vector<Place>& places) {
  Place place{above.path + (above.path.empty() || command.name.empty() ? "" : " ") + command.name,
              &command,
              // A command does not take the program's options, a subcommand takes its command's.
              above.path.empty() ? std::vector<const KnownOption*>() : above.options};
  const auto has = [&](const KnownOption& option) {
    return std::any_of(place.options.begin(), place.options.end(),
                       [&](const KnownOption* other) { return other->names == option.names; });
  };
  for (const KnownOption& option : command.options)
    if (!has(option))
      place.options.push_back(&option);
  places.push_back(place);
  for (const KnownCommand& sub : command.commands)
    collect(sub, place, places);
}

std::vector<Place> places_of(const KnownCommand& program) {
  std::vector<Place> places;
  collect(program, {"", nullptr, {}}, places);
  return places;
}

bool takes_value(const KnownOption& option) {
  return option.value == KnownOption::Value::required;
}

bool is_path(const KnownOption& option) {
  return option.type == "FILE" || option.type == "DIR" || option.type == "KEY";
}

// The values that can be offered; options of one name may have different ones.
std::vector<std::string> values_of(const KnownOption& option) {
  return option.choices;
}

std::vector<std::string> sub_names(const KnownCommand& command) {
  std::vector<std::string> names;
  for (const KnownCommand& sub : command.commands)
    names.push_back(sub.name);
  return names;
}

// The names of every option whose value is the next word, in any command: a shell must not take
// that word for a command.
std::set<std::string> valued_names(const std::vector<Place>& places) {
  std::set<std::string> names;
  for (const Place& place : places)
    for (const KnownOption* option : place.options)
      if (takes_value(*option))
        names.insert(option->names.begin(), option->names.end());
  return names;
}

// The first part of a help text, for the line of a menu.
std::string brief(const std::string& text) {
  std::size_t end = text.size();
  for (const char* mark : {". ", "; ", ": ", " ("})
    end = std::min(end, text.find(mark));
  return text.substr(0, end);
}

// Within single quotes of a shell.
std::string in_quotes(const std::string& text) {
  std::string out = text;
  replace_all(out, "'", "'\\''");
  return "'" + out + "'";
}

std::string join_set(const std::set<std::string>& words, const char* between) {
  return join({words.begin(), words.end()}, between);
}

std::string bash(const std::vector<Place>& places) {
  std::string tables;
  std::string values;
  for (const Place& place : places) {
    std::vector<std::string> names = sub_names(*place.command);
    for (const KnownOption& word : place.command->words)
      names.insert(names.end(), word.choices.begin(), word.choices.end());
    std::vector<std::string> options;
    for (const KnownOption* option : place.options) {
      options.insert(options.end(), option->names.begin(), option->names.end());
      const bool is_file = is_path(*option);
      if (!values_of(*option).empty() || is_file)
        for (const std::string& name : option->names)
          values +=
              fmt::format("    '{}|{}') {} ;;\n", place.path, name,
                          is_file ? "files=yes" : "words='" + join(values_of(*option), " ") + "'");
    }
    const bool has_files = std::any_of(place.command->words.begin(), place.command->words.end(),
                                       [](const KnownOption& word) { return is_path(word); });
    tables += fmt::format("    '{}') commands='{}' options='{}' files={} ;;\n", place.path,
                          join(names, " "), join(options, " "), has_files ? "yes" : "");
  }
  std::vector<std::string> paths;
  for (const Place& place : places)
    if (!place.path.empty())
      paths.push_back("'" + place.path + "'");
  return fmt::format(
      R"(# Completion of backglance for bash. Made by: backglance help --completions bash
_backglance() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev= path= word= option= commands= options= words= files= i
  COMPREPLY=()
  # bash splits --option=value at the equals sign.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ $word == = ]]; then
      prev=$option
      continue
    fi
    if [[ -n $prev ]]; then
      prev=
      continue
    fi
    option=
    case $word in
      {}) prev=$word option=$word ;;
      -*) option=$word ;;
      *)
        case "${{path:+$path }}$word" in
          {}) path="${{path:+$path }}$word" ;;
        esac
        ;;
    esac
  done
  if [[ $cur == = ]]; then
    prev=$option cur=
  fi
  if [[ -n $prev ]]; then
    case "$path|$prev" in
{}    esac
    [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ -z $files ]] || {{ compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); }}
    return
  fi
  case $path in
{}  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  fi
}}
complete -F _backglance backglance
)",
      join_set(valued_names(places), "|"), join(paths, "|"), values, tables);
}

// A specification of _arguments: '--limit[text]:N: '.
std::string zsh_option(const KnownOption& option, const std::string& name) {
  std::string text = brief(option.text);
  for (const char* mark : {"\\", "[", "]", ":"})
    replace_all(text, mark, std::string("\\") + mark);
  std::string spec = option.is_repeatable ? "*" + name : name;
  if (takes_value(option))
    spec += "=";
  spec += "[" + text + "]";
  const std::vector<std::string> values = values_of(option);
  if (option.value != KnownOption::Value::none) {
    std::string type = option.type.empty() ? "value" : option.type;
    for (const char* mark : {"[=", "]"})
      replace_all(type, mark, "");
    spec += (takes_value(option) ? ":" : "::") + type + ":";
    spec += !values.empty() ? "(" + join(values, " ") + ")" : is_path(option) ? "_files" : " ";
  }
  return in_quotes(spec);
}

std::string zsh(const std::vector<Place>& places) {
  std::string out =
      "#compdef backglance\n# Completion of backglance for zsh. Made by: backglance help "
      "--completions zsh\n";
  for (const Place& place : places) {
    std::string name = "_backglance" + (place.path.empty() ? "" : "_" + place.path);
    replace_all(name, " ", "_");
    if (place.path.empty())
      name = "_backglance_program";
    out += fmt::format("\n{}() {{\n", name);
    const bool has_commands = !place.command->commands.empty();
    if (has_commands)
      out += "  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
    out += fmt::format("  _arguments {}-s", has_commands ? "-C " : "");
    for (const KnownOption* option : place.options)
      for (const std::string& one : option->names)
        out += " \\\n    " + zsh_option(*option, one);
    for (const KnownOption& word : place.command->words)
      out += " \\\n    " + in_quotes("*:" + word.names.front() + ":" +
                                     (word.choices.empty() ? (is_path(word) ? "_files" : " ")
                                                           : "(" + join(word.choices, " ") + ")"));
    if (!has_commands) {
      out += "\n}\n";
      continue;
    }
    out +=
        " \\\n    '1: :->command' '*:: :->words'\n  case $state in\n  command)\n    local -a "
        "commands=(\n";
    for (const KnownCommand& sub : place.command->commands) {
      std::string text = brief(sub.help);
      replace_all(text, ":", "\\:");
      out += "      " + in_quotes(sub.name + ":" + text) + "\n";
    }
    out += "    )\n    _describe command commands\n    ;;\n  words)\n    case $line[1] in\n";
    for (const KnownCommand& sub : place.command->commands) {
      std::string function =
          "_backglance_" + (place.path.empty() ? "" : place.path + "_") + sub.name;
      replace_all(function, " ", "_");
      out += fmt::format("    {}) {} ;;\n", sub.name, function);
    }
    out += "    esac\n    ;;\n  esac\n}\n";
  }
  return out +
         "\n_backglance() {\n  _backglance_program \"$@\"\n}\n\n"
         // Sourced, it registers itself; found in fpath, it is the function's first call.
         "if [[ $funcstack[1] == _backglance ]]; then\n  _backglance \"$@\"\nelse\n"
         "  compdef _backglance backglance\nfi\n";
}

std::string fish(const std::vector<Place>& places) {
  std::string out = fmt::format(
      R"(# Completion of backglance for fish. Made by: backglance help --completions fish
function __backglance_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
            continue
        end
        if contains -- $word {}
            set skip 1
        else if not string match -q -- '-*' $word
            set path $path $word
        end
    end
    test "$path" = "$argv"
end
complete -c backglance -f
)",
      join_set(valued_names(places), " "));
  for (const Place& place : places) {
    const std::string at = fmt::format("complete -c backglance -n '__backglance_at{}'",
                                       place.path.empty() ? "" : " " + place.path);
    for (const KnownCommand& sub : place.command->commands)
      out += fmt::format("{} -a {} -d {}\n", at, sub.name, in_quotes(brief(sub.help)));
    for (const KnownOption& word : place.command->words)
      for (const std::string& choice : word.choices)
        out += fmt::format("{} -a {}\n", at, choice);
    for (const KnownOption* option : place.options) {
      out += at;
      for (const std::string& name : option->names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (takes_value(*option))
        out += is_path(*option) ? " -r -F" : " -x";
      if (!values_of(*option).empty() && takes_value(*option))
        out += " -a " + in_quotes(join(values_of(*option), " "));
      out += " -d " + in_quotes(brief(option->text)) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completions(const KnownCommand& program, std::string_view shell) {
  const std::vector<Place> places = places_of(program);
  return shell == "bash" ? bash(places) : shell == "zsh" ? zsh(places) : fish(places);
}

}  // namespace backglance
