// SPDX-License-Identifier: Apache-2.0
#include "sql/journal.h"

#include "sql/retry.h"
#include "version.h"

namespace backglance {
namespace {

constexpr std::string_view kTable = "backglance_step";
constexpr std::string_view kProgramColumn = "program";

constexpr const char* kNote =
    "INSERT INTO backglance_step (step, statement, sql_digest, sql_text, started_at, outcome) "
    "VALUES (:step, :statement, :digest, :text, {now}, 'started')";
constexpr const char* kNoteWithProgram =
    "INSERT INTO backglance_step (step, statement, sql_digest, sql_text, started_at, outcome, "
    "program) VALUES (:step, :statement, :digest, :text, {now}, 'started', :program)";

}  // namespace

void JournalState::has_run(const StepStatement& statement) {
  if (statement.table != kTable)
    return;
  is_there = is_there || statement.kind == "table";
  has_program = has_program || (statement.kind == "column" && statement.name == kProgramColumn);
}

JournalState find_journal(const Catalog& catalog) {
  const auto table = catalog.find(kTable);
  if (table == catalog.end())
    return {};
  return {true, table->second.column(kProgramColumn) != nullptr};
}

std::int64_t journal_start(Session& session, const JournalState& journal, const std::string& step,
                           const StepStatement& statement) {
  SqlParameters note = {{"step", step},
                        {"statement", std::int64_t{statement.number}},
                        {"digest", sha256_hex(statement.sql)},
                        {"text", statement.sql}};
  // An older ledger has no such column until expand has added it, and expand itself writes here.
  if (journal.has_program)
    note.push_back({"program", std::string(kVersion)});
  // A line that an attempt without an answer has left stays "started", and is nobody's.
  return retry(session, [&] {
    session.execute(journal.has_program ? kNoteWithProgram : kNote, note);
    return session.count("SELECT MAX(id) FROM backglance_step");
  });
}

void journal_finish(Session& session, std::int64_t id, const std::string& outcome) {
  retry(session, [&] {
    session.execute(
        "UPDATE backglance_step SET finished_at = {now}, outcome = :outcome WHERE id = :id",
        {{"outcome", outcome}, {"id", id}});
  });
}

bool journal_has(Session& session, const std::string& step, const std::string& sql) {
  return session.count(
             "SELECT COUNT(*) FROM backglance_step "
             "WHERE step = :step AND sql_digest = :digest AND outcome = 'done'",
             {{"step", step}, {"digest", sha256_hex(sql)}}) > 0;
}

}  // namespace backglance
