// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "glance/database_url.h"
#include "report/site_report.h"
#include "sql/session.h"

namespace backglance {

// Reads everything that a report shows. Only reads. Throws Error{schema_state} before expand, and
// what a Session throws.
SiteReport collect_report(Session& session, const DatabaseUrl& database);

// Only the coverage of it: what it has of each algorithm. Requires the columns for the hash.
std::vector<SiteReport::Coverage> read_coverage(Session& session);

}  // namespace backglance
