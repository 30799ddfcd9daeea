// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/exit_code.h"
#include "ledger/queue_figures.h"
#include "sql/schema_state.h"
#include "sql/session.h"

namespace backglance {

// What is due at a site, decided from the catalogue and the rows. Changes nothing.
struct Due {
  // done, expand_due, migrate_due or contract_due; findings if nothing is due and verify, or a
  // check of signatures, has findings
  ExitCode code = ExitCode::done;
  std::string why;            // one sentence; it also names these findings
  std::string next;           // the command to run, or empty
  std::int64_t findings = 0;  // their number
};

// `figures` are those of site_figures(); they are read here if the caller has none. Throws
// Error{schema_state} if expand would refuse the schema.
Due assess(Session& session, const SchemaState& state,
           const std::optional<SiteFigures>& figures = std::nullopt);

}  // namespace backglance
