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

// Steps of Glance's own upgrade that expand takes. Names never change or repeat: the journal holds
// them.
constexpr std::string_view kOsHiddenStep = "0002_os_hidden";  // Glance's rocky_expand01
constexpr std::string_view kOsHashStep = "0003_os_hash";      // Glance's rocky_expand02

// The additive schema steps in the order in which they run: those of the ledger
// (sql/ledger_steps.h), which keeps the journal and the run of all others; Glance's two; and the
// trigger that guards published hashes (sql/guard.h), if it is asked for.
const std::vector<std::string>& expand_steps();

struct PlannedStatement {
  std::string step;
  StepStatement statement;
};

struct ExpandPlan {
  std::vector<PlannedStatement> statements;  // in the order in which they run; empty: nothing to do
  std::vector<std::string> notes;            // what was found half done, one sentence each
  // Which of its indexes somebody else's session is building now, or one of ours that was killed:
  // one sentence each. Until that has ended nobody knows whether there is something to do.
  std::vector<std::string> builds;
};

struct ExpandOptions {
  // Also make what a revision row promises and the catalogue lacks. Off by default, because such a
  // database was handled by somebody else and a person should know.
  bool repair = false;
  // Also make the trigger that guards published hashes (sql/guard.h).
  bool guard = false;
  OnWait on_wait = {};
};

// What expand would do, decided from the catalogue and the revision rows alone. Throws
// Error{schema_state} with the reason and the way out, if the database is not Glance's, older than
// Queens, at an unknown or inconsistent revision, has one of our names with another meaning or a
// ledger of a version that this program does not know, or needs --repair. Nothing is ever changed
// then.
ExpandPlan plan_expand(const SchemaState& state, const EngineFacts& engine,
                       const ExpandOptions& options = {});

// What `expand --revert` would take back: our own tables while they hold nothing that cannot be had
// again, the guard, and the columns and indexes that the journal says are ours while no revision
// row promises them to Glance and no value stands in them. `notes` says what stays and why. Throws
// Error{gate} if the ledger holds flags, results or removed properties. With ExpandOptions::guard
// it takes back the guard alone, whatever the ledger holds.
ExpandPlan plan_revert(Session& session, const SchemaState& state,
                       const ExpandOptions& options = {});

}  // namespace backglance
