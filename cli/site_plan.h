// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backfill/backfill.h"
#include "cli/galera_plan.h"
#include "expand/expand.h"
#include "glance/site.h"
#include "migrate/migrate.h"
#include "sql/guard.h"
#include "sql/rights.h"

namespace backglance {

// Everything that `plan` says, free of how it is shown: what expand, migrate and backfill would do.
struct SitePlan {
  std::string database;     // redacted URL
  bool with_guard = false;  // expand --guard was asked for
  ExpandPlan schema;
  Guard guard;
  // Of all that is still to come, so that it is not found out in the middle.
  std::vector<MissingRight> missing_rights;
  std::optional<GaleraPlan> galera;
  MigrateResult data;  // queued, flagged and schemes
  BackfillPlan reads;
  std::int64_t unknown_size = 0;  // images to read whose size is not known
};

// Reads it; but for the trial of collect_galera() nothing is written. Throws Error{schema_state}
// as plan_expand() does.
SitePlan collect_plan(Session& session, const Site& site, bool with_guard);

// Lines for a person, each ended by a newline.
std::string plan_text(const SitePlan& plan);
// The object that `plan --json` prints; docs/json.md documents its members.
nlohmann::json plan_json(const SitePlan& plan);
// One of them on standard output.
void print_plan(const SitePlan& plan, bool as_json);

// What `expand` says of what it did, or with --dry-run would do; likewise.
struct ExpandOutcome {
  ExpandPlan plan;
  bool dry_run = false;
  bool revert = false;
};
std::string expand_text(const ExpandOutcome& outcome);
nlohmann::json expand_json(const ExpandOutcome& outcome);
void print_expand(const ExpandOutcome& outcome, bool as_json);

// What expand and sync say in the same words.

// What was found half done, and what expand waits for: one sentence each.
std::vector<std::string> notes_of(const ExpandPlan& plan);
// "note: ..." for each of them.
std::string notes_text(const ExpandPlan& plan);
// "-- lock: ..." and the statement, one after the other, as a person would paste them.
std::string statements_text(const ExpandPlan& plan);

}  // namespace backglance
