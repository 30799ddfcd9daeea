// SPDX-License-Identifier: Apache-2.0
#include "cli/site_status.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "cli/readiness.h"
#include "digest/algorithm.h"
#include "ledger/removal.h"
#include "report/collect.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

constexpr std::int64_t kRecentRuns = 5;

SiteStatus::Ledger read_ledger(Session& session, const SiteFigures& figures) {
  return {.queued = figures.queued,
          .claimable = figures.claimable,
          .failed = figures.failed,
          .erased = figures.erased + figures.doubted.images,
          .signatures = scheme_counts(session),
          .settled = settled_count(session)};
}

SiteStatus::Runs read_runs(Session& session) {
  return {.fleet = read_fleet(session),
          .live = live_runs(session),
          .recent = recent_runs(session, kRecentRuns)};
}

Due assess_or_refusal(Session& session, const SchemaState& state, const SiteFigures& figures) {
  try {
    return assess(session, state, figures);
  } catch (const Error& error) {
    // status shows a schema that expand refuses, and does not fail because of it.
    if (error.kind() != ErrorKind::schema_state)
      throw;
    return {ExitCode::failed, error.what(), error.next()};
  }
}

}  // namespace

double HashCoverage::percent() const {
  constexpr double kSteps = 10;  // tenths of a percent
  if (images == 0)
    return 100;
  return std::floor(static_cast<double>(with_hash) / static_cast<double>(images) * 100 * kSteps) /
         kSteps;
}

std::string HashCoverage::text() const {
  return fmt::format("{:.1f} %", percent());
}

HashCoverage coverage_of(Session& session) {
  HashCoverage coverage;
  for (const SiteReport::Coverage& one : retry(session, [&] { return read_coverage(session); })) {
    coverage.images += one.images;
    // The same rows as in the report, so that both say one number.
    if (!one.algorithm.empty())
      coverage.with_hash += one.images;
  }
  return coverage;
}

SiteStatus collect_status(Session& session, const Site& site) {
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  SiteStatus status;
  status.database = site.database.redacted();
  status.server = read_server(session);
  status.hashing_algorithm = site.hashing_algorithm;
  status.can_hash = find_digest_algorithm(site.hashing_algorithm) != nullptr;
  status.encrypted_locations = !site.metadata_encryption_key.empty();
  const auto [figures, groups] = site_figures_by_store(session, state);
  status.stores =
      store_shares(session, site, Stores(site, Stores::AllAway::accept), state.has_os_hash, groups);
  for (const auto& file : site.config_files)
    status.config_files.push_back(file.string());
  status.schema = {.revisions = state.revisions.rows,
                   .has_os_hidden = state.has_os_hidden,
                   .has_os_hash = state.has_os_hash,
                   .has_ledger = state.has_ledger,
                   .ledger_version = state.ledger_version,
                   .guard = find_guard(state, session.engine()).state};
  status.without_hash = {figures.pending.images, figures.pending.bytes, figures.unknown_size};
  if (state.has_os_hash && state.has_ledger)
    status.ledger = read_ledger(session, figures);
  // A running expand is shown as soon as it has made our tables.
  if (state.has_ledger)
    status.runs = read_runs(session);
  status.due = with_stores(assess_or_refusal(session, state, figures), site);
  return status;
}

}  // namespace backglance
