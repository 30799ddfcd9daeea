// SPDX-License-Identifier: Apache-2.0
#include "cli/usage_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/usage_text.h"

namespace backglance {
namespace {

using Value = KnownOption::Value;

constexpr std::size_t kShown = 80;  // bytes of a word that a message repeats

const KnownOption* find_option(const KnownCommand& command, const std::string& name) {
  for (const KnownOption& option : command.options)
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
      return &option;
  return nullptr;
}

const KnownCommand* find_command(const KnownCommand& in, const std::string& name) {
  const auto found = std::find_if(in.commands.begin(), in.commands.end(),
                                  [&](const KnownCommand& one) { return one.name == name; });
  return found == in.commands.end() ? nullptr : &*found;
}

std::vector<std::string> option_names(const KnownCommand& command) {
  std::vector<std::string> names;
  for (const KnownOption& option : command.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> command_names(const KnownCommand& command) {
  std::vector<std::string> names;
  names.reserve(command.commands.size());
  for (const KnownCommand& one : command.commands)
    names.push_back(one.name);
  return names;
}

// "backfill", "backfill and sync", "expand, migrate, backfill and others".
std::string list_of(std::vector<std::string> names) {
  constexpr std::size_t kMost = 3;
  if (names.size() > kMost) {
    names.resize(kMost);
    names.emplace_back("others");
  }
  if (names.size() == 1)
    return names.front();
  const std::string last = names.back();
  names.pop_back();
  return join(names, ", ") + " and " + last;
}

// A word such as -5 is a value, as the parser sees it.
bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

// Follows the words from left to right, as the parser does.
class Reader {
 public:
  Reader(const KnownCommand& program, const std::vector<std::string>& words)
      : words_(words), path_{&program} {}

  std::optional<std::string> fault() {
    bool only_words = false;
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (!only_words && word == "--") {
        only_words = true;
        continue;
      }
      auto found = !only_words && is_option(word) ? read_option(word) : read_word(word);
      if (found)
        return found;
    }
    if (!here().commands.empty())
      return here().name.empty() ? "a command is required"
                                 : fmt::format("{} requires a command: {}", here().name,
                                               join(command_names(here()), " or "));
    return std::nullopt;
  }

 private:
  const KnownCommand& program() const { return *path_.front(); }
  const KnownCommand& here() const { return *path_.back(); }

  // A subcommand also has the options of its command.
  const KnownOption* known(const std::string& name) const {
    for (std::size_t i = path_.size(); i > 0; --i) {
      if (i == 1 && path_.size() > 1)
        break;  // a command does not have those of the program
      if (const KnownOption* const option = find_option(*path_[i - 1], name))
        return option;
    }
    return nullptr;
  }

  std::optional<std::string> read_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const KnownOption* const option = known(name);
    flag_.clear();
    if (option == nullptr)
      return unknown_option(name);
    if (equals == std::string::npos) {
      if (option->value == Value::required)
        return read_value(name);
      flag_ = name;
      flag_value_ = option->value;
      return std::nullopt;
    }
    if (option->value == Value::none)
      return fmt::format("{}: {} takes no value; write {} alone, or leave it out",
                         printable(word, kShown), name, name);
    return check_value(name, word.substr(equals + 1));
  }

  // The value is the next word, whatever it looks like.
  std::optional<std::string> read_value(const std::string& name) {
    if (at_ + 1 == words_.size())
      return name + " requires a value";
    return check_value(name, words_[++at_]);
  }

  // Otherwise "--tag --dry-run" would set a tag of that name, and run for real.
  static std::optional<std::string> check_value(const std::string& name, const std::string& value) {
    if (value.empty())
      return fmt::format("{}: its value is empty; give a value, or leave the option out", name);
    if (value.starts_with("--") || value == "-h")
      return fmt::format("{} requires a value, and '{}' is an option", name,
                         printable(value, kShown));
    return std::nullopt;
  }

  std::optional<std::string> read_word(const std::string& word) {
    const KnownCommand& command = here();
    if (!command.commands.empty()) {
      const KnownCommand* const next = find_command(command, word);
      if (next == nullptr)
        return unknown_command(command.name, command_names(command), option_names(command), word);
      path_.push_back(next);
      flag_.clear();
      return std::nullopt;
    }
    return command.takes_words ? std::nullopt : std::optional(unexpected(word));
  }

  std::string unexpected(const std::string& word) const {
    const std::string shown = printable(word, kShown);
    if (!flag_.empty() && flag_value_ == Value::optional)
      return fmt::format("{} {}: a value of {} follows an equals sign: {}={}", flag_, shown, flag_,
                         flag_, shown);
    if (!flag_.empty())
      return fmt::format("{} {}: {} takes no value; remove '{}'", flag_, shown, flag_, shown);
    if (find_command(program(), word) != nullptr)
      return fmt::format("{}: only one command can be given, and {} comes first", shown,
                         path_[1]->name);
    return fmt::format("'{}': {} takes no arguments, only options", shown, here().name);
  }

  // The commands that have this option.
  std::vector<std::string> owners(const std::string& name) const {
    std::vector<std::string> names;
    for (const KnownCommand& command : program().commands)
      if (find_option(command, name) != nullptr)
        names.push_back(command.name);
    return names;
  }

  std::string unknown_option(const std::string& name) const {
    const std::string shown = printable(name, kShown);
    if (path_.size() == 1)
      return option_before_command(name);
    if (find_option(program(), name) != nullptr)
      return fmt::format("{}: this option belongs to no command: backglance {}", shown, shown);
    std::string text = fmt::format("{}: {} has no such option", shown, path_[1]->name);
    if (const auto others = owners(name); !others.empty())
      return fmt::format("{}; {} {} it", text, list_of(others),
                         others.size() == 1 ? "has" : "have");
    std::vector<std::string> names;
    for (std::size_t i = 1; i < path_.size(); ++i)
      for (std::string& one : option_names(*path_[i]))
        names.push_back(std::move(one));
    return text + did_you_mean(name, names);
  }

  // The program itself has few options, so the option is probably one of the command that follows.
  std::string option_before_command(const std::string& name) const {
    const std::string shown = printable(name, kShown);
    for (std::size_t i = at_ + 1; i < words_.size(); ++i) {
      const KnownCommand* const command = find_command(program(), words_[i]);
      if (command == nullptr)
        continue;
      if (find_option(*command, name) != nullptr)
        return fmt::format("{}: this option belongs after the command: backglance {} {}", shown,
                           command->name, shown);
      return fmt::format("{}: {} has no such option{}", shown, command->name,
                         did_you_mean(name, option_names(*command)));
    }
    if (const auto commands = owners(name); !commands.empty())
      return fmt::format("{}: this option requires a command before it; {} {} it", shown,
                         list_of(commands), commands.size() == 1 ? "has" : "have");
    std::vector<std::string> names = option_names(program());
    for (const KnownCommand& command : program().commands)
      for (std::string& one : option_names(command))
        names.push_back(std::move(one));
    return fmt::format("{}: there is no such option{}", shown, did_you_mean(name, names));
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  std::vector<const KnownCommand*> path_;
  std::string flag_;  // the last word, if it is a flag without a value
  Value flag_value_ = Value::none;
};

}  // namespace

const KnownCommand* command_at(const KnownCommand& program, const std::vector<std::string>& path) {
  const KnownCommand* at = &program;
  for (const std::string& word : path)
    if (at != nullptr)
      at = find_command(*at, word);
  return at;
}

std::optional<std::string> usage_fault(const KnownCommand& program,
                                       const std::vector<std::string>& words) {
  return Reader(program, words).fault();
}

}  // namespace backglance
