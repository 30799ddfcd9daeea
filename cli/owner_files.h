// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "report/site_report.h"

namespace backglance {

// Writes the files of `report --owners` into the directory, and makes it if necessary: a page and a
// CSV for each owner who has something to do, then index.html and index.csv. Removes pages, with
// their CSV, of owners who have nothing to do any more, if backglance made them. Returns one line
// for a person. Throws Error{io}.
std::string write_owner_files(const SiteReport& report, const std::string& directory);

// True if write_owner_files() may write or remove a file of this name.
bool is_owner_file(const std::filesystem::path& name);

}  // namespace backglance
