// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
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

// How many images have each finding of backfill, in the order of ImageResult. Requires our tables
// and the columns for the hash, as does read_proofs().
std::vector<std::pair<ImageResult, std::int64_t>> finding_counts(Session& session);

// When the bytes of the live images were last compared with what Glance knows of them, and agreed.
struct Proofs {
  std::int64_t never = 0;              // images without such a time
  std::optional<std::int64_t> oldest;  // unix seconds; nothing if no image has one
};
Proofs read_proofs(Session& session);

}  // namespace backglance
