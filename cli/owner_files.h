// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/site_report.h"

namespace backglance {

// Writes what `report --owners` writes into the directory, which is made if need be: a page and a
// CSV for each owner with something to do, then index.html and index.csv. Pages of owners who have
// nothing to do any more are removed with their CSV, if backglance has made them. Returns one line
// for a person. Throws Error{io}.
std::string write_owner_files(const SiteReport& report, const std::string& directory);

}  // namespace backglance
