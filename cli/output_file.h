// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glance/site.h"

namespace backglance {

// Protects the site from a typing error: throws Error{usage} if `file`, which `option` names and
// which is about to be written, is Glance's database or configuration, or lies in a store
// directory.
void require_no_data(const Site& site, const std::string& option, const std::string& file);

// A file that an option names. Empty or "-": none.
struct NamedOutput {
  std::string option;
  std::string file;
  bool is_replaced = false;  // else appended to
};
// Throws Error{usage} if two of them are the same file, by whatever path or link, or if one is the
// file that standard output or standard error goes to, and either would destroy the other: the
// output is replaced, or the shell opened the file with > and not with >>. Throws what OutputPlace
// throws, except that a file in a directory that does not exist is passed over.
void require_distinct(const std::vector<NamedOutput>& outputs);

// Throws Error{usage} if standard output or standard error goes to `file`, which `option` names:
// for a file that is read, which the shell may have emptied already, and for one that is replaced.
void require_no_stream(const std::string& option, const std::filesystem::path& file);

}  // namespace backglance
