// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/patience.h"
#include "sql/schema_state.h"
#include "sql/session.h"
#include "sql/text.h"

namespace backglance {

// Steps of Glance's own upgrade that expand runs. The journal stores these names, so never change
// or repeat one.
constexpr std::string_view kOsHiddenStep = "0002_os_hidden";  // Glance's rocky_expand01
constexpr std::string_view kOsHashStep = "0003_os_hash";      // Glance's rocky_expand02

// The additive schema steps in the order in which they run: first those of the ledger
// (sql/ledger_steps.h), which holds the journal and the run for all others; then Glance's two; and
// the trigger that guards published hashes (sql/guard.h), if it is asked for.
const std::vector<std::string>& expand_steps();

struct PlannedStatement {
  std::string step;
  StepStatement statement;
};

struct ExpandPlan {
  std::vector<PlannedStatement> statements;  // in the order in which they run; empty: nothing to do
  std::vector<std::string> notes;            // objects that were found half done, one sentence each
  // Indexes that another session is building now, or a killed session of ours: one sentence each.
  // Whether there is more to do is known only when these builds have ended.
  std::vector<std::string> builds;
};

struct ExpandOptions {
  // Also make objects that a revision row promises and the catalogue lacks. Off by default:
  // somebody else has changed such a database, and a person should know.
  bool repair = false;
  // Also make the trigger that guards published hashes (sql/guard.h).
  bool guard = false;
  OnWait on_wait = {};
};

// Returns what expand would do, decided only from the catalogue and the revision rows. Changes
// nothing. Throws Error{schema_state} with the reason and the way out, if the database is not
// Glance's, is older than Queens, or is at an unknown or inconsistent revision; if an object has
// one of our names and another meaning; if the ledger has a version that this program does not
// know; or if --repair is required.
ExpandPlan plan_expand(const SchemaState& state, const EngineFacts& engine,
                       const ExpandOptions& options = {});

// Returns what `expand --revert` would take back; `notes` says what stays and why. It takes back:
//   - the guard;
//   - our own tables, while they hold nothing that could not be computed again;
//   - columns and indexes that the journal says we made, while no revision row promises them to
//     Glance and no row has a value in them.
// Throws Error{gate} if the ledger holds flags, results or removed properties. With
// ExpandOptions::guard it takes back only the guard, whatever the ledger holds.
ExpandPlan plan_revert(Session& session, const SchemaState& state,
                       const ExpandOptions& options = {});

}  // namespace backglance
