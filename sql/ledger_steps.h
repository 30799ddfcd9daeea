// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog.h"
#include "sql/text.h"

namespace backglance {

// What our own tables, the ledger, must look like. All of it is derived from the schema steps in
// sql/NNNN_name/: a step that only makes or changes tables named backglance_* is a step of the
// ledger, and is found by that. Nothing here names a table or a version, so a new step of the
// ledger changes nothing here.

// The step that makes version 1 of the ledger.
constexpr std::string_view kLedgerStep = "0001_ledger";

// The steps of the ledger, in the order of their numbers, 0001_ledger first. Files are read once
// per process.
const std::vector<std::string>& ledger_steps();

// The version that this program makes and writes: the highest that a step enters in the ledger.
int known_ledger_version();

// All tables of the ledger, in the order in which expand makes them, and those of version 1 alone,
// which every ledger has.
const std::vector<std::string>& ledger_tables();
const std::vector<std::string>& first_ledger_tables();

// What tells a table of the database from the one that `makes`, a CREATE TABLE of ours, and the
// steps after it would make: one sentence; empty if the table is ours in this or an earlier version
// (later columns may be missing, from the last one on), or is not there.
std::string table_difference(const Catalog& catalog, const StepStatement& makes);

// True if every table, column and index that the steps of the ledger make is there, by name, and no
// index is the unfinished one of a killed build.
bool has_whole_ledger(const Catalog& catalog);

struct LedgerRemoval {
  std::string step;
  StepStatement statement;
};
// The statements that drop the tables of the ledger that are there, in their order: what came last
// goes first, and the journal, which says what was ours, goes last.
std::vector<LedgerRemoval> ledger_removal(const Catalog& catalog, const EngineFacts& engine);

}  // namespace backglance
