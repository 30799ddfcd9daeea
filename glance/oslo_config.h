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

// Configuration files, read as oslo.config 9.0 reads them (oslo_config/iniparser.py and cfg.py).
//
// Lines: "[group]", "key = value" or "key: value"; the first of the two signs counts. An indented
// line continues the value of the line before, even if it begins with '#'. A blank line or a
// comment line ('#' or ';' in the first column) ends the value; an indented line after it is
// refused. A key before any group is refused. One pair of quotes around the text of the first line
// is removed.
//
// Which value counts: a repeated key makes a multi-valued option; where one value is wanted, the
// last counts. If several files set an option, the last file counts; a multi-valued option has the
// values of all files in order. The environment variable OS_<GROUP>__<OPTION>, in capitals, counts
// more than all files, also for [DEFAULT].
//
// Substitution: $name, ${name} and ${group.name} are replaced by that option's value. $$ and \$
// give a dollar sign. A '$' before anything else stays as it is.
class OsloConfig {
 public:
  // Reads `files` in order; a leading "~/" is the home directory. Throws Error{usage} with file and
  // line for what oslo.config refuses, and for a file that cannot be opened. No error contains the
  // text of a line, because it may be a secret.
  static OsloConfig read(const std::vector<std::filesystem::path>& files);

  // The option's value after substitution; nothing if no file sets it. Case does not matter in
  // group names, except that DEFAULT must be upper case. In option names '-' and '_' are different.
  // $name is looked up in the option's own group, then in DEFAULT. Throws Error{usage} for a
  // substitution that refers to itself, or to an option that no file sets and whose default is not
  // known here. oslo.config refuses both as well.
  std::optional<std::string> get(std::string_view group, std::string_view option) const;

  // The same for an option that has old names. The last file that sets any of `names` counts, and
  // in that file the first of them. References and the environment variable use the group of the
  // first name; old names have no environment variable.
  std::optional<std::string> get_first(const std::vector<OptionName>& names) const;

  // All values of a multi-valued option, from all files, in the order of the lines. Throws
  // Error{usage} if the environment sets the option: oslo.config would split that value into single
  // letters.
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

// The files that oslo.config reads for glance-api and glance-manage on this machine if none is
// named. First come glance.conf, glance-api.conf and glance-manage.conf, each from the first of
// ~/.glance, ~, /etc/glance and /etc that has it. Then come the *.conf files of the .conf.d
// directories with the same names, found in the same way, sorted by name in each directory.
//
// --config-file replaces only the files, and --config-dir replaces only the directories. The other
// half of the default is still read, before the named ones, because oslo_config/cfg.py makes the
// two halves the defaults of these two options.
std::vector<std::filesystem::path> default_config_files();
std::vector<std::filesystem::path> default_config_dir_files();

// The *.conf files in `directory` that are not hidden, sorted by name. Throws Error{usage} if it is
// not a directory or cannot be read.
std::vector<std::filesystem::path> config_files_in(const std::filesystem::path& directory);

// `path` with the home directory of this user in place of a "~" in front, as Python's expanduser
// has it. The home of another user ("~name") is not looked up.
std::filesystem::path home_expanded(const std::filesystem::path& path);

}  // namespace backglance
