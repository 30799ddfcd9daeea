// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/exit_code.h"
#include "sql/schema_state.h"
#include "sql/session.h"

namespace backglance {

// What is due at a site, decided from the catalogue and the rows. Changes nothing.
struct Due {
  ExitCode code = ExitCode::done;  // done, expand_due, migrate_due or contract_due
  std::string why;                 // one sentence
  std::string next;                // the command to run, or empty
};

// Throws Error{schema_state} if expand would refuse the schema.
Due assess(Session& session, const SchemaState& state);

}  // namespace backglance
