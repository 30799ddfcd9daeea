// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backfill/backfill.h"
#include "cli/forecast.h"
#include "cli/galera_plan.h"
#include "expand/expand.h"
#include "glance/site.h"
#include "migrate/migrate.h"
#include "read/store_shares.h"
#include "sql/guard.h"
#include "sql/rights.h"

namespace backglance {

// Everything that `plan` shows, independent of the format: what expand, migrate and backfill would
// do.
struct SitePlan {
  std::string database;     // redacted URL
  bool with_guard = false;  // expand --guard was asked for
  // Why a backfill would end at once, store directories that cannot be opened, and what the server
  // forbids (sql/server_limits.h): one sentence each.
  std::vector<std::string> notes;
  ExpandPlan schema;
  Guard guard;
  // Rights that later commands will need, so that they do not fail half-way.
  std::vector<MissingRight> missing_rights;
  std::optional<GaleraPlan> galera;
  MigrateResult data;  // queued, flagged and schemes
  BackfillPlan reads;
  std::int64_t unknown_size = 0;     // images to read whose size is not known
  std::vector<StoreShare> stores;    // where the live images without a hash lie
  std::optional<Forecast> forecast;  // if one was asked for
};

// Collects the plan. Nothing is written, except in the trial of collect_galera(). Throws
// Error{schema_state} as plan_expand() does, and Error{usage} for a hashing_algorithm that cannot
// be computed, and for a forecast without a rate that was given or measured.
SitePlan collect_plan(Session& session, const Site& site, bool with_guard,
                      const ForecastWish& wish = {});

// Lines for a person, each ended by a newline.
std::string plan_text(const SitePlan& plan);
// The object that `plan --json` prints; docs/json.md documents its members.
nlohmann::json plan_json(const SitePlan& plan);
// Prints one of the two on standard output.
void print_plan(const SitePlan& plan, bool as_json);

// The result of `expand`, or what it would do (--dry-run).
struct ExpandOutcome {
  ExpandPlan plan;
  bool dry_run = false;
  bool revert = false;
  std::string next;  // the command that is due now, as check names it; empty for none
};
std::string expand_text(const ExpandOutcome& outcome);
nlohmann::json expand_json(const ExpandOutcome& outcome);
void print_expand(const ExpandOutcome& outcome, bool as_json);

// Texts that expand and sync share.

// Objects that were found half done, and builds that expand waits for: one sentence each.
std::vector<std::string> notes_of(const ExpandPlan& plan);
// "note: ..." for each of them.
std::string notes_text(const ExpandPlan& plan);
// For each statement "-- lock: ..." and its text, ready to be pasted.
std::string statements_text(const ExpandPlan& plan);

}  // namespace backglance
