// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>

#include "migrate/migrate.h"
#include "tests/steps/claimed.h"

using namespace backglance;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("a claim leases the largest images first and each to one run", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string small = site.upload("s");
  const std::string large = site.upload(std::string(500, 'l'));
  const std::string middle = site.upload(std::string(50, 'm'));
  Queue queue(site.sql());
  QueueFigures figures(site.sql());
  CHECK(queue.queue_new() == 3);
  Session session = site.open();
  const Run one(session, "backfill");
  const Run two(session, "backfill");

  const auto first = queue.claim(one.id(), {2, 2}, kAnySize, seconds(60));
  REQUIRE(first.size() == 2);
  CHECK(first[0].image_id == large);
  CHECK(first[0].size_bytes == 500);
  CHECK(first[1].image_id == middle);
  const auto second = queue.claim(two.id(), {5, 5}, kAnySize, seconds(60));
  REQUIRE(second.size() == 1);
  CHECK(second[0].image_id == small);
  CHECK(queue.claim(two.id(), {5, 5}, kAnySize, seconds(60)).empty());
  CHECK(figures.claimable().images == 0);
  CHECK(figures.queued().images == 3);
}

TEST_CASE("a claim takes few large images and small ones in a bunch", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  for (const std::size_t size : {500, 400, 300, 20, 10, 5})
    site.upload(std::string(size, 'x'));
  Queue queue(site.sql());
  queue.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  const auto sizes = [&](const Queue::Bunch& bunch) {
    std::vector<std::int64_t> all;
    for (const Claim& claim : queue.claim(run.id(), bunch, kAnySize, seconds(60)))
      all.push_back(claim.size_bytes);
    return all;
  };
  const Queue::Bunch bunch{4, 2, 100};
  CHECK(sizes(bunch) == std::vector<std::int64_t>{500, 400});
  CHECK(sizes(bunch) == std::vector<std::int64_t>{300, 20, 10, 5});
}

TEST_CASE("a claim does not wait for a row that another run has locked", "[ledger]") {
  GlanceSite site;
  if (site.sql().engine().engine != Engine::postgresql)
    return;
  expand(site.sql());
  const std::string largest = site.upload(std::string(500, 'l'));
  const std::string middle = site.upload(std::string(50, 'm'));
  Queue queue(site.sql());
  queue.queue_new();
  const Run run(site.sql(), "backfill");
  Session other = site.open();
  Transaction holding(other);
  other.execute("UPDATE backglance_item SET attempts = 1 WHERE image_id = :id", {{"id", largest}});
  site.sql().execute("SET lock_timeout = '2s'");
  const auto claims = queue.claim(run.id(), {2, 2}, kAnySize, seconds(60));
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].image_id == middle);
  holding.commit();
  CHECK(queue.claim(run.id(), {2, 2}, kAnySize, seconds(60)).size() == 1);
}

TEST_CASE("a claim keeps to the largest size that it is given", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  site.upload(std::string(500, 'l'));
  const std::string middle = site.upload(std::string(50, 'm'));
  Queue queue(site.sql());
  queue.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  const auto claims = queue.claim(run.id(), {5, 5}, 50, seconds(60));
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].image_id == middle);
}

TEST_CASE("a released image can be claimed again, with a larger token", "[ledger]") {
  Claimed it;
  Queue queue(it.site.sql());
  CHECK_FALSE(queue.claim_one(it.run->id(), it.image, seconds(60)).has_value());
  queue.release(it.run->id(), it.claim);
  const auto again = queue.claim_one(it.run->id(), it.image, seconds(60));
  REQUIRE(again.has_value());
  CHECK(again->token == it.claim.token + 1);
  // The first claim is of the past: it neither releases nor settles.
  queue.release(it.run->id(), it.claim);
  CHECK_FALSE(queue.claim_one(it.run->id(), it.image, seconds(60)).has_value());
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  it.claim = *again;
  CHECK(it.settle(it.outcome()) == ImageResult::hashed);
}

TEST_CASE("a lease that ran out can be claimed by another run", "[ledger]") {
  Claimed it;
  Queue queue(it.site.sql());
  const Run other(it.runs, "backfill");
  it.site.sql().execute("UPDATE backglance_item SET lease_until = {now} - 1");
  const auto taken = queue.claim_one(other.id(), it.image, seconds(60));
  REQUIRE(taken.has_value());
  CHECK(taken->token > it.claim.token);
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
}

TEST_CASE("a renewal moves the end of a run's leases, and revives none that ran out", "[ledger]") {
  Claimed it;
  Queue queue(it.site.sql());
  queue.renew(it.run->id(), {it.image}, seconds(5000));
  CHECK(it.site.sql().count("SELECT lease_until - {now} FROM backglance_item") > 4000);
  queue.renew("another", {it.image}, seconds(9000));
  CHECK(it.site.sql().count("SELECT lease_until - {now} FROM backglance_item") < 6000);
  it.site.sql().execute("UPDATE backglance_item SET lease_until = {now} - 1");
  queue.renew(it.run->id(), {it.image}, seconds(5000));
  CHECK(it.site.sql().count("SELECT lease_until - {now} FROM backglance_item") < 0);
}

TEST_CASE("work that comes back is queued again", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  Queue queue(site.sql());
  queue.queue_new();
  const auto mark = [&](const char* state, const char* result) {
    site.sql().execute("UPDATE backglance_item SET state = :state, result = :result",
                       {{"state", std::string(state)}, {"result", std::string(result)}});
  };
  SECTION("a hash of somebody else that is gone again") {
    mark("done", "already_done");
    CHECK(queue.queue_new() == 1);
  }
  SECTION("an image that lives again") {
    mark("failed", "gone");
    CHECK(queue.queue_new() == 1);
  }
  SECTION("a location where there was none") {
    mark("failed", "no_location");
    site.sql().execute("UPDATE image_locations SET deleted = {true}");
    CHECK(queue.queue_new() == 0);
    site.sql().execute("UPDATE image_locations SET deleted = {false}");
    CHECK(queue.queue_new() == 1);
  }
  SECTION("but no finding") {
    mark("failed", "missing");
    CHECK(queue.queue_new() == 0);
    CHECK(queue.requeue_one(image));
  }
  SECTION("and nothing of an image that is gone") {
    mark("failed", "missing");
    site.delete_image(image);
    CHECK(queue.requeue_failed() == 0);
    CHECK_FALSE(queue.requeue_one(image));
  }
}

TEST_CASE("a run excludes others as its command says", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  const Run backfill(session, "backfill");
  const Run verify(session, "verify");
  const Run second(session, "backfill");
  CHECK(live_runs(session).size() == 3);
  for (const char* command : {"expand", "migrate", "contract"}) {
    const Error error = required_error([&] { const Run run(session, command); });
    CHECK(error.kind() == ErrorKind::locked);
    CHECK_THAT(error.what(), Catch::Contains("another run is at work"));
  }
}

TEST_CASE("a migrate keeps a backfill out", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  std::optional<Run> migrate;
  migrate.emplace(session, "migrate");
  CHECK(required_error([&] { run_backfill(site); }).kind() == ErrorKind::locked);
  migrate.reset();
  CHECK(run_backfill(site).result.end == RunEnd::complete);
}

TEST_CASE("a run that was not finished ends as failed and gives its images back", "[ledger]") {
  Claimed it;
  it.run.reset();
  CHECK(it.site.runs("backfill", "failed") == 1);
  CHECK(QueueFigures(it.site.sql()).claimable().images == 1);
}

TEST_CASE("a dead process's run is ended and its leases are free at once", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  Queue(site.sql()).queue_new();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Session session = site.open();
    const Run run(session, "backfill");
    const bool claimed = Queue(session).claim_one(run.id(), image, seconds(200)).has_value();
    _exit(claimed ? 42 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 42);
  CHECK(QueueFigures(site.sql()).claimable().images == 0);
  CHECK(live_runs(site.sql()).empty());

  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(site.runs("backfill", "killed") == 1);
}

TEST_CASE("a run of another host counts as alive for as long as its heart beats", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  const auto other_host = [&](const char* heartbeat) {
    session.execute("DELETE FROM backglance_run");
    session.execute(
        std::string("INSERT INTO backglance_run (run_id, command, host, process, version, "
                    "started_at, heartbeat_at) VALUES ('r', 'migrate', 'elsewhere', 'p', '1', "
                    "{now} - 9999, ") +
        heartbeat + ")");
  };
  other_host("{now} - 30");
  CHECK(required_error([&] { const Run run(session, "migrate"); }).kind() == ErrorKind::locked);
  record_heartbeat(session, "r", {7, 8, "a reason"}, 9);
  CHECK(session.count("SELECT {now} - heartbeat_at FROM backglance_run") < 5);
  const LiveRun live = live_runs(session).at(0);
  CHECK((live.images == 7 && live.bytes == 8 && live.bytes_per_second == 9));
  CHECK(live.waiting_for == "a reason");
  CHECK(live.heartbeat_age < 5);
  other_host("{now} - 300");
  CHECK_NOTHROW(Run(session, "migrate"));
}

namespace {

// The times of somebody who worked while the clock said 2030, and was killed before it was set.
constexpr const char* kAhead = "{now} + 97411492";

void run_of_2030(Session& session, const std::string& command) {
  session.execute(
      "INSERT INTO backglance_run (run_id, command, host, process, version, started_at, "
      "heartbeat_at) VALUES ('ahead', :command, 'elsewhere', 'p', '1', " +
          std::string(kAhead) + ", " + kAhead + ")",
      {{"command", command}});
}

}  // namespace

TEST_CASE("a run that was killed under a clock of 2030 keeps nobody out once the clock is set",
          "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  run_of_2030(session, "migrate");
  CHECK(live_runs(session).empty());
  for (const char* command : {"migrate", "contract", "expand"})
    CHECK_NOTHROW(Run(session, command).finish("done"));
  // Its end is no later than now, and it is not the newest run for years.
  CHECK(session.count("SELECT COUNT(*) FROM backglance_run WHERE outcome = 'killed' AND "
                      "finished_at <= {now} AND run_id = 'ahead'") == 1);
  CHECK(recent_runs(session, 1).at(0).run_id != "ahead");
  CHECK(recent_runs(session, 9).back().run_id == "ahead");
}

TEST_CASE("images leased or postponed under a clock of 2030 are read once the clock is set",
          "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const auto ids = site.upload_many(4);
  Queue(site.sql()).queue_new();
  const auto set = [&](const std::string& id, const std::string& what) {
    site.sql().execute("UPDATE backglance_item SET " + what + " WHERE image_id = :id",
                       {{"id", id}});
  };
  // Of a run that the ledger knows, of one that it does not, of nobody; and a next try.
  run_of_2030(site.sql(), "backfill");
  set(ids[0], std::string("lease_run = 'ahead', lease_until = ") + kAhead);
  set(ids[1], std::string("lease_run = 'forgotten', lease_until = ") + kAhead);
  set(ids[2], std::string("lease_until = ") + kAhead);
  set(ids[3], std::string("result = 'busy_in_glance', next_try_at = ") + kAhead);
  CHECK_FALSE(Queue(site.sql()).is_leased(ids[1]));
  CHECK(Queue(site.sql()).holders("me").empty());
  CHECK(run_backfill(site).images(ImageResult::hashed) == 4);
  // One that was not there, seen under that clock: the store is back.
  site.sql().execute(std::string("UPDATE backglance_item SET state = 'failed', result = 'missing', "
                                 "digest = NULL, finished_at = ") +
                     kAhead);
  for (const std::string& id : ids)
    site.set(id, "os_hash_value", nullptr);
  CHECK(Queue(site.sql()).queue_new() == 4);
}

TEST_CASE("times that two nodes' clocks explain are those of a live run", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("content");
  Queue queue(site.sql());
  queue.queue_new();
  site.sql().execute(
      "INSERT INTO backglance_run (run_id, command, host, process, version, started_at, "
      "heartbeat_at) VALUES ('near', 'backfill', 'elsewhere', 'p', '1', {now}, {now} + 60)");
  REQUIRE(queue.claim("near", {1, 1}, INT64_MAX, std::chrono::seconds(200)).size() == 1);
  CHECK(queue.claim("me", {1, 1}, INT64_MAX, std::chrono::seconds(100)).empty());
  REQUIRE(live_runs(site.sql()).size() == 1);
  CHECK(live_runs(site.sql())[0].heartbeat_age >= 0);
  CHECK(required_error([&] { const Run run(site.sql(), "migrate"); }).kind() == ErrorKind::locked);
}

TEST_CASE("Glance's tables in another collation: every command says what to do", "[ledger]") {
  GlanceSite site;
  if (site.database().engine != Engine::mysql)
    return;
  expand(site.sql());
  site.upload("content");
  // MariaDB converts no column of a foreign key.
  for (const SqlRow& row : site.sql().rows(
           "SELECT table_name, constraint_name FROM information_schema.table_constraints WHERE "
           "table_schema = DATABASE() AND constraint_type = 'FOREIGN KEY'"))
    site.sql().execute("ALTER TABLE " + row.text_or_empty(0) + " DROP FOREIGN KEY " +
                       row.text_or_empty(1));
  for (const SqlRow& row :
       site.sql().rows("SELECT table_name FROM information_schema.tables WHERE table_schema = "
                       "DATABASE() AND table_name NOT LIKE 'backglance%'"))
    site.sql().execute("ALTER TABLE " + row.text_or_empty(0) +
                       " CONVERT TO CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci");
  const Error error = required_error([&] { migrate(site.sql(), {}); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK_THAT(error.what(), Contains("converted to another collation"));
  CHECK_THAT(error.next(), Contains("docs/mariadb.md"));
  // As the document says.
  for (const SqlRow& row : site.sql().rows(
           "SELECT CONCAT('ALTER TABLE ', k.table_name, ' MODIFY ', k.column_name, ' ', "
           "k.column_type, ' CHARACTER SET ', i.character_set_name, ' COLLATE ', "
           "i.collation_name, IF(k.is_nullable = 'NO', ' NOT NULL', '')) "
           "FROM information_schema.columns k JOIN information_schema.columns i "
           "ON i.table_schema = k.table_schema AND i.table_name = 'images' AND i.column_name = "
           "'id' "
           "WHERE k.table_schema = DATABASE() AND k.table_name LIKE 'backglance%' "
           "AND k.data_type = 'varchar'"))
    site.sql().execute(row.text_or_empty(0));
  CHECK_NOTHROW(migrate(site.sql(), {}));
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
}
