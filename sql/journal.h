// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sql/catalog.h"
#include "sql/session.h"
#include "sql/text.h"

namespace backglance {

// The journal of schema statements, backglance_step: what this program did to the schema, statement
// by statement. It is evidence and a memory of what was ours; what is due is decided from the
// catalogue alone.

// What there is of the journal, which expand itself makes and changes.
struct JournalState {
  bool is_there = false;
  bool has_program = false;  // the column, from version 2 of the ledger on

  // To be told of each statement that has run.
  void has_run(const StepStatement& statement);
};
JournalState find_journal(const Catalog& catalog);

// Notes that the statement begins; returns the note's id. The journal must be there.
std::int64_t journal_start(Session& session, const JournalState& journal, const std::string& step,
                           const StepStatement& statement);
void journal_finish(Session& session, std::int64_t id, const std::string& outcome);

// True if the journal has a finished note of that step's statement with that very text.
bool journal_has(Session& session, const std::string& step, const std::string& sql);

}  // namespace backglance
