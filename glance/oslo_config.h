// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// An option by its group and name, as `[group] name = value` sets it.
struct OptionName {
  std::string_view group;
  std::string_view option;
};

// Configuration files as oslo.config reads them (oslo_config/iniparser.py and cfg.py, 9.0):
// "[group]" and "key = value" or "key: value" lines, whichever sign comes first. An indented line
// continues the value of the line before it, '#' at its beginning or not; a blank line or a comment
// line ('#' or ';' in the first column) ends the value, and an indented line after it is refused,
// as is a key before any group. One pair of quotes around what stands on the first line is dropped.
// A repeated key makes a multi-valued option whose last value is the single one. Of several files
// the later wins; a multi-valued option takes the values of all, first file first. The variable
// OS_<GROUP>__<OPTION> of the environment, in capitals, wins over all files, also for [DEFAULT].
// $name, ${name} and ${group.name} are replaced by that option's value; $$ and \$ are a dollar
// sign, and a '$' before anything else is itself.
class OsloConfig {
 public:
  // Reads `files` in order, "~/" in front being the home directory. Throws Error{usage} naming file
  // and line for what oslo.config refuses, Error{io} for a file that cannot be read. The text of a
  // line, which may hold a secret, is in no error.
  static OsloConfig read(const std::vector<std::filesystem::path>& files);

  // The option's value after substitution; nothing if no file sets it. Group names are compared
  // without case, but for DEFAULT, which is upper case; '-' in an option's name is not '_'.
  // A bare reference is looked up in the option's own group, then in DEFAULT.
  // Throws Error{usage} for a substitution that refers to itself, or to an option that no file sets
  // and whose default is not known here (oslo.config refuses both as well).
  std::optional<std::string> get(std::string_view group, std::string_view option) const;

  // The same of an option that has old names: the last file that sets any of `names` decides, in it
  // the first of them. References are looked up in the first name's group, as is the variable of
  // the environment: old names have none.
  std::optional<std::string> get_first(const std::vector<OptionName>& names) const;

  // Every value of a multi-valued option, of all files, in the order of the lines. Throws
  // Error{usage} if the environment sets it: oslo.config takes that value apart letter by letter.
  std::vector<std::string> get_all(std::string_view group, std::string_view option) const;

  bool has_group(std::string_view group) const;

  // The files that were read, in order.
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  using Group = std::map<std::string, std::vector<std::string>, std::less<>>;
  using Groups = std::map<std::string, Group, std::less<>>;

  const std::vector<std::string>* find(const Groups& file, OptionName name) const;
  std::optional<std::string> raw(const std::vector<OptionName>& names) const;
  std::string substituted(std::string_view value, std::vector<std::string>& path,
                          OptionName owner) const;
  std::string referenced(std::string_view reference, std::vector<std::string>& path,
                         OptionName owner) const;

  std::vector<std::filesystem::path> files_;
  std::vector<Groups> parsed_;  // one per file, in order
};

// The files that oslo.config would read for glance-api and glance-manage on this machine when none
// is named: the first hit each of glance.conf, glance-api.conf, glance-manage.conf in ~/.glance, ~,
// /etc/glance, /etc; and then the *.conf of the .conf.d directories of the same names, found
// likewise, sorted by name within each.
//
// --config-file takes the place of the files alone, and --config-dir of the directories alone: the
// other half of the default is still read, before what was named (oslo_config/cfg.py sets both
// as defaults of these two options).
std::vector<std::filesystem::path> default_config_files();
std::vector<std::filesystem::path> default_config_dir_files();

// The *.conf of `directory` that are not hidden, sorted by name. Throws Error{usage} if it is not a
// directory, Error{io} if it cannot be read.
std::vector<std::filesystem::path> config_files_in(const std::filesystem::path& directory);

}  // namespace backglance
