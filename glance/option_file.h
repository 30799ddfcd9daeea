// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace backglance {

// The options of one group of a client's option file (my.cnf), as PyMySQL's parameters
// read_default_file and read_default_group name them. The file is read as PyMySQL reads it, which
// differs from the programs of MySQL and MariaDB:
//
// - Lines: "[group]", "key = value", "key: value", or a key alone; lines that begin with '#' or ';'
//   are comments. An indented line continues the value before it. The name of a group keeps its
//   case, that of a key does not; '-' and '_' are different. [DEFAULT] sets values for each group.
// - One pair of quotes around a value is removed. Nothing else is: '\' and '#' stay.
// - A "!include" line has no effect.
//
// Unlike PyMySQL, which then connects without the file's options, this throws Error{usage} if the
// file cannot be read, or has no such group, or an "!include" line. Also for what Python's
// configparser refuses: a key before the first group, and a group or a key that is given twice. No
// error contains a value.
std::map<std::string, std::string> read_option_group(const std::filesystem::path& file,
                                                     const std::string& group);

}  // namespace backglance
