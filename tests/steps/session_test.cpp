// SPDX-License-Identifier: Apache-2.0
// Connections that a server or the network has cut. On SQLite there is nothing to cut.
#include "expand/expand.h"
#include "ledger/queue.h"
#include "ledger/runs.h"
#include "sql/retry.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using std::chrono::seconds;

namespace {

void cut(GlanceSite& site, Session& session) {
  backglance::cut(site, pid_of(session));
}

ErrorKind kind_of_failure(Session& session, const std::string& statement) {
  return required_error([&] { session.execute(statement); }).kind();
}

// How long a statement waits for a lock, as the server has it.
std::string lock_wait(Session& session) {
  return session
      .first_row(session.engine().engine == Engine::postgresql ? "SHOW lock_timeout"
                                                               : "SELECT @@lock_wait_timeout")
      ->text_or_empty(0);
}

std::int64_t named(GlanceSite& site, const std::string& name) {
  return site.sql().count("SELECT COUNT(*) FROM images WHERE name = :name", {{"name", name}});
}

}  // namespace

TEST_CASE("after a broken connection the next statement uses a new one", "[session]") {
  GlanceSite site;
  if (!site.is_server())
    return;
  Session session = site.open({.lock_timeout = seconds(7)});
  const std::string wait = lock_wait(session);
  cut(site, session);
  CHECK(kind_of_failure(session, "UPDATE images SET name = 'x'") == ErrorKind::lost);
  CHECK(session.reconnects() == 0);
  CHECK(session.execute("UPDATE images SET name = 'x'") == 0);
  CHECK(session.reconnects() == 1);
  CHECK(lock_wait(session) == wait);
}

TEST_CASE("a session that was disconnected while idle uses a new connection with the same settings",
          "[session]") {
  GlanceSite site;
  if (!site.is_server())
    return;
  Session session = site.open({.mode = OpenMode::read_only, .idle_limit = seconds(0)});
  const std::string first = pid_of(session);
  CHECK(pid_of(session) != first);
  CHECK(kind_of_failure(session, "UPDATE images SET name = 'x'") == ErrorKind::connect);
  CHECK(session.reconnects() >= 2);
  Session busy = site.open();
  const std::string same = pid_of(busy);
  CHECK(pid_of(busy) == same);
}

TEST_CASE("a transaction does not continue on another connection", "[session]") {
  GlanceSite site;
  if (!site.is_server())
    return;
  site.upload("content");
  Session session = site.open({.idle_limit = seconds(0)});
  {
    Transaction transaction(session);
    session.execute("UPDATE images SET name = 'first'");
    cut(site, session);
    CHECK(kind_of_failure(session, "UPDATE images SET name = 'second'") == ErrorKind::lost);
    CHECK(kind_of_failure(session, "UPDATE images SET name = 'third'") == ErrorKind::lost);
    CHECK(required_error([&] { transaction.commit(); }).kind() == ErrorKind::in_doubt);
  }
  CHECK(named(site, "image") == 1);
  Transaction transaction(session);
  session.execute("UPDATE images SET name = 'fourth'");
  transaction.commit();
  CHECK(named(site, "fourth") == 1);
}

TEST_CASE("a setting that was lost with its connection is an error", "[session]") {
  GlanceSite site;
  if (!site.is_server())
    return;
  Session session = site.open({.lock_timeout = seconds(7)});
  const std::string wait = lock_wait(session);
  {
    const DdlPatience patience(session, false);
    CHECK(lock_wait(session) != wait);
    cut(site, session);
    CHECK(kind_of_failure(session, "UPDATE images SET name = 'x'") == ErrorKind::lost);
    CHECK(kind_of_failure(session, "UPDATE images SET name = 'x'") == ErrorKind::lost);
  }
  CHECK(lock_wait(session) == wait);
}

TEST_CASE("a change that is repeated after a lost connection is made once", "[session]") {
  GlanceSite site;
  if (!site.is_server())
    return;
  expand(site.sql());
  site.upload("content");
  Session session = site.open();
  Run run(session, "backfill");
  cut(site, session);
  CHECK(Queue(session).queue_new() == 1);
  cut(site, session);
  CHECK(Queue(session).claim(run.id(), {1, 1}, 1000, seconds(60)).size() == 1);
  cut(site, session);
  run.finish("done", 1, 2);
  CHECK(site.runs("backfill", "done") == 1);

  SECTION("and within a transaction nothing is") {
    const Transaction transaction(session);
    int attempts = 0;
    cut(site, session);
    CHECK(required_error([&] {
            retry(session, [&] {
              ++attempts;
              session.execute("UPDATE images SET name = 'x'");
            });
          }).kind() == ErrorKind::lost);
    CHECK(attempts == 1);
  }
}
