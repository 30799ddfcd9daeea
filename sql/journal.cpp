// SPDX-License-Identifier: Apache-2.0
#include "sql/journal.h"

#include "sql/retry.h"

namespace backglance {

std::int64_t journal_start(Session& session, const std::string& step,
                           const StepStatement& statement) {
  // A line that an attempt without an answer has left stays "started", and is nobody's.
  return retry(session, [&] {
    session.execute(
        "INSERT INTO backglance_step (step, statement, sql_digest, sql_text, started_at, outcome) "
        "VALUES (:step, :statement, :digest, :text, {now}, 'started')",
        {{"step", step},
         {"statement", std::int64_t{statement.number}},
         {"digest", sha256_hex(statement.sql)},
         {"text", statement.sql}});
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
