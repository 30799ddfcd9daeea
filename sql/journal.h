// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sql/catalog.h"
#include "sql/session.h"
#include "sql/text.h"

namespace backglance {

// The journal of schema statements (table backglance_step): what this program did to the schema,
// statement by statement. It is evidence, and it records which objects backglance created. What is
// due is decided from the catalogue alone.

// How much of the journal exists: expand itself creates and changes it.
struct JournalState {
  bool is_there = false;
  bool has_program = false;  // the column, from version 2 of the ledger on

  // Called after each statement that has run.
  void has_run(const StepStatement& statement);
};
JournalState find_journal(const Catalog& catalog);

// Records that the statement begins. Returns the id of the record. The journal must be there.
std::int64_t journal_start(Session& session, const JournalState& journal, const std::string& step,
                           const StepStatement& statement);
void journal_finish(Session& session, std::int64_t id, const std::string& outcome);

// True if the journal has a finished record of this step with exactly this statement.
bool journal_has(Session& session, const std::string& step, const std::string& sql);

}  // namespace backglance
