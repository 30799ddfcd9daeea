// SPDX-License-Identifier: Apache-2.0
#include "glance/oslo_config.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/input_file.h"
#include "base/text.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultGroup = "DEFAULT";

// Options of Glance that a value may refer to, with the defaults that hold where no file sets them.
struct KnownDefault {
  std::string_view group;
  std::string_view option;
  std::string_view value;
};
constexpr std::array<KnownDefault, 8> kKnownDefaults = {{
    {"DEFAULT", "bind_host", "0.0.0.0"},
    {"DEFAULT", "hashing_algorithm", "sha512"},
    {"DEFAULT", "image_cache_driver", "sqlite"},
    {"DEFAULT", "node_staging_uri", "file:///tmp/staging/"},
    {"DEFAULT", "scrubber_datadir", "/var/lib/glance/scrubber"},
    {"glance_store", "default_store", "file"},
    {"glance_store", "filesystem_store_datadir", "/var/lib/glance/images"},
    {"glance_store", "rbd_store_pool", "images"},
}};

// oslo.config knows groups in any case, but DEFAULT only in capitals.
std::string normalized_group(std::string_view group) {
  return group == kDefaultGroup ? std::string(group) : lower_ascii(group);
}

std::string contents(const fs::path& path) {
  try {
    return read_input(path, std::numeric_limits<std::size_t>::max());
  } catch (const Error& error) {
    throw error.within("cannot read the configuration");
  }
}

// Lines ending in LF, CR LF or CR, without their ends.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos)
      break;
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return lines;
}

using Group = std::map<std::string, std::vector<std::string>, std::less<>>;
using Groups = std::map<std::string, Group, std::less<>>;

// oslo.config's own parser (iniparser.py), not Python's configparser: both differ in what continues
// a line and in quotes.
class IniParser {
 public:
  explicit IniParser(const fs::path& path) : path_(path) {}

  Groups parse() {
    for (const std::string& line : lines_of(contents(path_))) {
      ++line_number_;
      take_line(line.substr(0, line.find_last_not_of(" \t\f\v") + 1));
    }
    finish_value();
    return std::move(groups_);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(ErrorKind::usage,
                fmt::format("{}, line {}: {}", printable(path_.native()), line_number_, why));
  }

  void take_line(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (key_.empty())
        refuse("an indented line continues an option, and there is none above it");
      value_ += '\n';
      value_ += trim(line);
      return;
    }
    finish_value();
    if (line.empty() || line[0] == '#' || line[0] == ';')
      return;
    if (line[0] == '[')
      begin_group(line);
    else
      begin_value(line);
  }

  // A group may come several times; its options add up.
  void begin_group(std::string_view line) {
    if (!line.ends_with(']'))
      refuse("a group's name must end with ']'");
    if (line.size() <= 2)
      refuse("a group without a name");
    group_ = normalized_group(line.substr(1, line.size() - 2));
    groups_[group_];
  }

  void begin_value(std::string_view line) {
    // Whichever comes first; a URL after it may hold both.
    const auto sign = line.find_first_of(":=");
    if (sign == std::string_view::npos)
      refuse("the name of an option must be followed by '=' or ':'");
    key_ = trim(line.substr(0, sign));
    if (key_.empty())
      refuse("a value without an option's name");
    if (group_.empty())
      refuse("an option before any group");
    std::string_view value = trim(line.substr(sign + 1));
    const bool quoted =
        !value.empty() && value.front() == value.back() && (value[0] == '"' || value[0] == '\'');
    // A single quote character is both ends of the pair.
    value_ = quoted ? value.substr(1, std::max<std::size_t>(value.size(), 2) - 2) : value;
  }

  // Every value of an option is kept, because a multi-valued option takes them all.
  void finish_value() {
    if (!key_.empty())
      groups_[group_][key_].push_back(std::exchange(value_, {}));
    key_.clear();
  }

  fs::path path_;
  std::size_t line_number_ = 0;
  std::string group_;
  std::string key_;  // of the value that lines are being added to; empty if there is none
  std::string value_;
  Groups groups_;
};

// The length of the name that `text` begins with, where a name may refer to an option: letters,
// digits, '_' and '.', the first a letter or '_'.
std::size_t reference_length(std::string_view text) {
  constexpr std::string_view kFirst = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kRest =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.";
  if (text.empty() || kFirst.find(text[0]) == std::string_view::npos)
    return 0;
  return std::min(text.find_first_not_of(kRest), text.size());
}

// The variable that sets the option over all files (oslo_config/sources/_environment.py).
std::string variable_of(OptionName name) {
  std::string variable = fmt::format("OS_{}__{}", name.group, name.option);
  for (char& c : variable)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  return variable;
}

// What an option is known by in a chain of references.
std::string path_entry(OptionName name) {
  return fmt::format("{}.{}", normalized_group(name.group), name.option);
}

Error substitution_error(OptionName owner, std::string_view what) {
  // The reference is not shown: "pa$word" is a password whose '$' should have been doubled.
  return Error(ErrorKind::usage, fmt::format("option {} of [{}] {}", printable(owner.option, 80),
                                             printable(owner.group, 80), what));
}

constexpr std::array kDefaultNames = {"glance", "glance-api", "glance-manage"};

// Where oslo.config finds a file or directory of its search path, if anywhere.
std::optional<fs::path> first_hit(const std::string& name) {
  const std::array<fs::path, 4> directories = {home_expanded("~/.glance"), home_expanded("~"),
                                               "/etc/glance", "/etc"};
  for (const fs::path& directory : directories) {
    std::error_code ignored;  // what cannot be looked at does not exist for oslo either
    if (fs::exists(directory / name, ignored))
      return directory / name;
  }
  return std::nullopt;
}

}  // namespace

OsloConfig OsloConfig::read(const std::vector<fs::path>& files) {
  OsloConfig config;
  for (const fs::path& file : files) {
    config.files_.push_back(home_expanded(file));
    config.parsed_.push_back(IniParser(config.files_.back()).parse());
  }
  return config;
}

const std::vector<std::string>* OsloConfig::find(const Groups& file, OptionName name) const {
  const auto group = file.find(normalized_group(name.group));
  if (group == file.end())
    return nullptr;
  const auto option = group->second.find(name.option);
  return option == group->second.end() ? nullptr : &option->second;
}

// The environment first, then the last file that has the option under any of its names; in a file
// the last value.
std::optional<std::string> OsloConfig::raw(const std::vector<OptionName>& names) const {
  if (const char* value = std::getenv(variable_of(names[0]).c_str()))
    return value;
  for (auto file = parsed_.rbegin(); file != parsed_.rend(); ++file)
    for (const OptionName& name : names)
      if (const auto* values = find(*file, name))
        return values->back();
  return std::nullopt;
}

std::optional<std::string> OsloConfig::get(std::string_view group, std::string_view option) const {
  return get_first({{group, option}});
}

std::optional<std::string> OsloConfig::get_first(const std::vector<OptionName>& names) const {
  // References are resolved as seen from the option's present name, even if an old name is in the
  // file.
  const auto value = raw(names);
  if (!value)
    return std::nullopt;
  std::vector<std::string> path = {path_entry(names[0])};
  return substituted(*value, path, names[0]);
}

std::vector<std::string> OsloConfig::get_all(std::string_view group,
                                             std::string_view option) const {
  const OptionName name{group, option};
  if (const std::string variable = variable_of(name); std::getenv(variable.c_str()) != nullptr)
    throw Error(ErrorKind::usage, printable(variable, 80) +
                                      ": oslo.config splits the value of this variable into single "
                                      "letters; set the option in a configuration file");
  std::vector<std::string> out;
  // From all files, the first one first: a multi-valued option adds up where a single one is
  // replaced.
  for (const Groups& file : parsed_) {
    const auto* values = find(file, name);
    if (!values)
      continue;
    for (const std::string& value : *values) {
      std::vector<std::string> path = {path_entry(name)};
      out.push_back(substituted(value, path, name));
    }
  }
  return out;
}

bool OsloConfig::has_group(std::string_view group) const {
  return std::ranges::any_of(
      parsed_, [&](const Groups& file) { return file.contains(normalized_group(group)); });
}

// `path` holds the options being substituted, outermost first.
std::string OsloConfig::substituted(std::string_view value, std::vector<std::string>& path,
                                    OptionName owner) const {
  // "\$" counts as "$$".
  std::string text(value);
  for (auto at = text.find("\\$"); at != std::string::npos; at = text.find("\\$", at + 2))
    text[at] = '$';
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto dollar = std::min(rest.find('$'), rest.size());
    out += rest.substr(0, dollar);
    rest.remove_prefix(dollar);
    if (rest.empty())
      break;
    rest.remove_prefix(1);
    const bool braced = rest.starts_with('{');
    const auto length = reference_length(braced ? rest.substr(1) : rest);
    if (rest.starts_with('$')) {
      out += '$';
      rest.remove_prefix(1);
    } else if (length > 0 && !braced) {
      out += referenced(rest.substr(0, length), path, owner);
      rest.remove_prefix(length);
    } else if (length > 0 && rest.substr(length + 1, 1) == "}") {
      out += referenced(rest.substr(1, length), path, owner);
      rest.remove_prefix(length + 2);
    } else {
      out += '$';
    }
  }
  return out;
}

std::string OsloConfig::referenced(std::string_view reference, std::vector<std::string>& path,
                                   OptionName owner) const {
  // A bare name is looked for beside the option, and then in DEFAULT.
  std::vector<OptionName> candidates = {{owner.group, reference}, {kDefaultGroup, reference}};
  if (const auto dot = reference.find('.'); dot != std::string_view::npos)
    candidates = {{reference.substr(0, dot), reference.substr(dot + 1)}};
  for (const OptionName& name : candidates) {
    if (const auto value = raw({name})) {
      const std::string id = path_entry(name);
      if (std::ranges::find(path, id) != path.end())
        throw substitution_error(owner, "refers to itself through '$'");
      // On the way down only: the same option may be referred to twice side by side.
      path.push_back(id);
      std::string out = substituted(*value, path, name);
      path.pop_back();
      return out;
    }
    for (const KnownDefault& known : kKnownDefaults)
      if (known.group == normalized_group(name.group) && known.option == name.option)
        return std::string(known.value);
  }
  throw substitution_error(
      owner, "refers with '$' to an option that no file sets; for a dollar sign write '$$'");
}

fs::path home_expanded(const fs::path& path) {
  const std::string& text = path.native();
  if (text != "~" && !text.starts_with("~/"))
    return path;
  const char* home = std::getenv("HOME");
  if (!home) {
    const passwd* user = getpwuid(getuid());
    home = user ? user->pw_dir : nullptr;
  }
  return home ? fs::path(home + text.substr(1)) : path;
}

std::vector<fs::path> default_config_files() {
  std::vector<fs::path> files;
  for (const std::string name : kDefaultNames)
    if (const auto file = first_hit(name + ".conf"))
      files.push_back(*file);
  return files;
}

std::vector<fs::path> default_config_dir_files() {
  std::vector<fs::path> files;
  for (const std::string name : kDefaultNames) {
    const auto directory = first_hit(name + ".conf.d");
    std::error_code ignored;
    if (!directory || !fs::is_directory(*directory, ignored))
      continue;
    for (const fs::path& file : config_files_in(*directory))
      files.push_back(file);
  }
  return files;
}

std::vector<fs::path> config_files_in(const fs::path& directory) {
  const fs::path expanded = home_expanded(directory);
  const std::string name = printable(expanded.native());
  std::error_code error;
  if (!fs::is_directory(expanded, error))
    throw Error(ErrorKind::usage, fmt::format("--config-dir {}: {}", name,
                                              error ? error.message() : "not a directory"));
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(expanded, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().native();
    // As glob("*.conf") does: editors leave hidden copies.
    if (file.ends_with(".conf") && !file.starts_with('.'))
      files.push_back(entry->path());
  }
  if (error)
    throw Error(ErrorKind::usage, fmt::format("cannot list {}: {}", name, error.message()));
  // By bytes, as Python sorts names: a later file wins, so the order matters.
  std::ranges::sort(files, {}, [](const fs::path& file) { return file.native(); });
  return files;
}

}  // namespace backglance
