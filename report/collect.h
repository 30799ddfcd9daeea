// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glance/database_url.h"
#include "report/site_report.h"
#include "sql/session.h"

namespace backglance {

// Reads everything that a report says. Throws Error{schema_state} before expand.
SiteReport collect_report(Session& session, const DatabaseUrl& database);

}  // namespace backglance
