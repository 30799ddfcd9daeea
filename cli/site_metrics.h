// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/site_status.h"
#include "report/collect.h"

namespace backglance {

// The figures of the site, and not of a run, for the same file (cli/shared_metrics.h).
struct SiteMetrics {
  HashCoverage coverage;
  // Findings of backfill and of verify that are still to be looked at, by result.
  std::vector<std::pair<ImageResult, std::int64_t>> backfill;
  std::vector<std::pair<ImageResult, std::int64_t>> verify;
  std::int64_t signature_findings = 0;
  std::int64_t past_deadline = 0;  // images with deprecated signatures whose grace period has ended
  Proofs proofs;
};

// Requires our tables and the columns for the hash.
SiteMetrics collect_site_metrics(Session& session);

// In the text exposition format, version 0.0.4. `metrics`: nothing before expand; then only what
// status itself knows is there. `now`: unix seconds.
std::string site_metrics_text(const SiteStatus& status, const std::optional<SiteMetrics>& metrics,
                              std::int64_t now);

}  // namespace backglance
