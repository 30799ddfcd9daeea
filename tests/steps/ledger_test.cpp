#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <functional>
#include <future>
#include <limits>
#include <thread>

#include "expand/expand.h"
#include "sql/items.h"
#include "sql/retry.h"
#include "sql/runs.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kAnySize = std::numeric_limits<std::int64_t>::max();

// One image, claimed by a run, and what that run read of it.
struct Claimed {
  Claimed() {
    image = site.upload(content);
    location = site.first_location(image);
    site.set(image, "checksum", nullptr);
    Items(site.sql()).queue_new();
    run.emplace(runs, "backfill");
    claim = Items(site.sql()).claim_one(run->id(), image, seconds(120)).value();
  }

  ReadOutcome outcome(ReadClass read_class = ReadClass::hashed) {
    ReadOutcome read;
    read.read_class = read_class;
    read.location_id = location;
    read.identity = "1:2:3:4";
    read.bytes = static_cast<std::int64_t>(content.size());
    read.md5 = digest_of("md5", content);
    read.algorithm = "sha512";
    read.digest = digest_of("sha512", content);
    return read;
  }

  std::optional<ReadClass> settle(const ReadOutcome& read) {
    return Items(site.sql()).settle(run->id(), {{claim, read}}).front();
  }

  GlanceSite site;
  Session runs = (expand(site.sql()), site.open());
  std::string content = "the content";
  std::string image;
  std::int64_t location = 0;  // that was read
  std::optional<Run> run;
  Claim claim;
};

}  // namespace

TEST_CASE("a claim leases the largest images first and each to one run", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string small = site.upload("s");
  const std::string large = site.upload(std::string(500, 'l'));
  const std::string middle = site.upload(std::string(50, 'm'));
  Items items(site.sql());
  CHECK(items.queue_new() == 3);
  Session session = site.open();
  const Run one(session, "backfill");
  const Run two(session, "backfill");

  const auto first = items.claim(one.id(), {2, 2}, kAnySize, seconds(60));
  REQUIRE(first.size() == 2);
  CHECK(first[0].image_id == large);
  CHECK(first[0].size_bytes == 500);
  CHECK(first[1].image_id == middle);
  const auto second = items.claim(two.id(), {5, 5}, kAnySize, seconds(60));
  REQUIRE(second.size() == 1);
  CHECK(second[0].image_id == small);
  CHECK(items.claim(two.id(), {5, 5}, kAnySize, seconds(60)).empty());
  CHECK(items.claimable().images == 0);
  CHECK(items.queued().images == 3);
}

TEST_CASE("a claim takes few large images and small ones in a bunch", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  for (const std::size_t size : {500, 400, 300, 20, 10, 5})
    site.upload(std::string(size, 'x'));
  Items items(site.sql());
  items.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  const auto sizes = [&](const Items::Bunch& bunch) {
    std::vector<std::int64_t> all;
    for (const Claim& claim : items.claim(run.id(), bunch, kAnySize, seconds(60)))
      all.push_back(claim.size_bytes);
    return all;
  };
  const Items::Bunch bunch{4, 2, 100};
  CHECK(sizes(bunch) == std::vector<std::int64_t>{500, 400});
  CHECK(sizes(bunch) == std::vector<std::int64_t>{300, 20, 10, 5});
}

TEST_CASE("a claim keeps to the largest size that it is given", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  site.upload(std::string(500, 'l'));
  const std::string middle = site.upload(std::string(50, 'm'));
  Items items(site.sql());
  items.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  const auto claims = items.claim(run.id(), {5, 5}, 50, seconds(60));
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].image_id == middle);
}

TEST_CASE("a released image can be claimed again, with a larger token", "[ledger]") {
  Claimed it;
  Items items(it.site.sql());
  CHECK_FALSE(items.claim_one(it.run->id(), it.image, seconds(60)).has_value());
  items.release(it.run->id(), it.claim);
  const auto again = items.claim_one(it.run->id(), it.image, seconds(60));
  REQUIRE(again.has_value());
  CHECK(again->token == it.claim.token + 1);
  // The first claim is of the past: it neither releases nor settles.
  items.release(it.run->id(), it.claim);
  CHECK_FALSE(items.claim_one(it.run->id(), it.image, seconds(60)).has_value());
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  it.claim = *again;
  CHECK(it.settle(it.outcome()) == ReadClass::hashed);
}

TEST_CASE("a lease that ran out can be claimed by another run", "[ledger]") {
  Claimed it;
  Items items(it.site.sql());
  const Run other(it.runs, "backfill");
  it.site.sql().execute("UPDATE backglance_item SET lease_until = {now} - 1");
  const auto taken = items.claim_one(other.id(), it.image, seconds(60));
  REQUIRE(taken.has_value());
  CHECK(taken->token > it.claim.token);
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
}

TEST_CASE("a renewal moves the end of a run's leases, and revives none that ran out", "[ledger]") {
  Claimed it;
  Items items(it.site.sql());
  items.renew(it.run->id(), seconds(5000));
  CHECK(it.site.sql().count("SELECT lease_until - {now} FROM backglance_item") > 4000);
  it.site.sql().execute("UPDATE backglance_item SET lease_until = {now} - 1");
  items.renew(it.run->id(), seconds(5000));
  CHECK(it.site.sql().count("SELECT lease_until - {now} FROM backglance_item") < 0);
}

TEST_CASE("settling publishes hash, algorithm and a missing checksum, and nothing else",
          "[ledger]") {
  Claimed it;
  const auto updated_at = it.site.get(it.image, "updated_at");
  const auto read_others = [&] {
    std::vector<std::optional<std::string>> values;
    for (const char* column : {"name", "status", "size", "created_at", "owner", "visibility"})
      values.push_back(it.site.get(it.image, column));
    return values;
  };
  const auto others = read_others();
  CHECK(it.settle(it.outcome()) == ReadClass::hashed);
  CHECK(it.site.get(it.image, "os_hash_algo") == "sha512");
  CHECK(it.site.get(it.image, "os_hash_value") == digest_of("sha512", it.content));
  CHECK(it.site.get(it.image, "checksum") == digest_of("md5", it.content));
  CHECK(it.site.get(it.image, "updated_at") == updated_at);
  CHECK(read_others() == others);
  CHECK(it.site.ours("item", it.image, "state") == "done");
  CHECK(it.site.ours("item", it.image, "result") == "hashed");
  CHECK(it.site.ours("item", it.image, "digest") == digest_of("sha512", it.content));
  CHECK(it.site.ours("item", it.image, "md5") == digest_of("md5", it.content));
  CHECK(it.site.ours("item", it.image, "lease_run") == std::nullopt);
  // Said again, because the answer was lost, it changes nothing and becomes the same.
  const auto before = dump(it.site.sql());
  CHECK(it.settle(it.outcome()) == ReadClass::hashed);
  CHECK(it.settle(it.outcome(ReadClass::missing)) == ReadClass::hashed);
  CHECK(changes(before, dump(it.site.sql())) == kNone);
}

TEST_CASE("what is published is not queued to be read again while it stands", "[ledger]") {
  Claimed it;
  REQUIRE(it.settle(it.outcome()) == ReadClass::hashed);
  Items items(it.site.sql());
  SECTION("as it is") {}
  SECTION("nor once its image is deleted") {
    it.site.set(it.image, "os_hash_value", nullptr);
    it.site.delete_image(it.image);
  }
  // An image that is pending changes nothing for one that is not.
  it.site.upload("another");
  CHECK(items.queue_new() == 1);
  items.requeue_erased(it.image);
  CHECK(items.queue_new() == 0);
  CHECK(it.site.ours("item", it.image, "state") == "done");
  CHECK(it.site.ours("item", it.image, "digest").has_value());
}

TEST_CASE("a published checksum never replaces one that is there", "[ledger]") {
  Claimed it;
  std::string capitals = digest_of("md5", it.content);
  for (char& c : capitals)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  it.site.set(it.image, "checksum", capitals);
  CHECK(it.settle(it.outcome()) == ReadClass::hashed);
  CHECK(it.site.get(it.image, "checksum") == capitals);
}

TEST_CASE("the guard holds back a hash whose row has changed since the claim", "[ledger]") {
  struct Change {
    const char* what;
    std::function<void(Claimed&)> make;
    ReadClass becomes;
    const char* state;
  };
  const std::vector<Change> cases = {
      {"deleted", [](Claimed& it) { it.site.delete_image(it.image); }, ReadClass::gone, "failed"},
      {"its row is gone altogether",
       [](Claimed& it) {
         if (it.site.is_server())  // which holds its foreign keys
           it.site.sql().execute("DELETE FROM image_locations");
         it.site.sql().execute("DELETE FROM images");
       },
       ReadClass::gone, "failed"},
      {"marked deleted with its status left",
       [](Claimed& it) { it.site.set(it.image, "deleted", std::int64_t{1}); }, ReadClass::gone,
       "failed"},
      {"queued again", [](Claimed& it) { it.site.set(it.image, "status", std::string("queued")); },
       ReadClass::gone, "failed"},
      {"pending delete",
       [](Claimed& it) { it.site.set(it.image, "status", std::string("pending_delete")); },
       ReadClass::gone, "failed"},
      {"hashed by somebody else",
       [](Claimed& it) { it.site.set(it.image, "os_hash_value", std::string("ab12")); },
       ReadClass::already_done, "done"},
      {"another checksum",
       [](Claimed& it) { it.site.set(it.image, "checksum", std::string(32, 'a')); },
       ReadClass::busy_in_glance, "queued"},
      {"another size", [](Claimed& it) { it.site.set(it.image, "size", std::int64_t{5}); },
       ReadClass::busy_in_glance, "queued"},
      {"its location deleted",
       [](Claimed& it) { it.site.sql().execute("UPDATE image_locations SET deleted = {true}"); },
       ReadClass::busy_in_glance, "queued"},
      {"its location pending delete",
       [](Claimed& it) {
         it.site.sql().execute("UPDATE image_locations SET status = 'pending_delete'");
       },
       ReadClass::busy_in_glance, "queued"},
      {"its location another image's",
       [](Claimed& it) {
         it.site.sql().execute("UPDATE image_locations SET image_id = :id",
                               {{"id", it.site.insert_image()}});
       },
       ReadClass::busy_in_glance, "queued"},
  };
  for (const Change& change : cases) {
    DYNAMIC_SECTION(change.what) {
      Claimed it;
      change.make(it);
      const auto glance = dump(it.site.sql(), Part::glance);
      CHECK(it.settle(it.outcome()) == change.becomes);
      CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
      CHECK(it.site.ours("item", it.image, "state") == change.state);
      CHECK(it.site.ours("item", it.image, "result") ==
            std::string(read_class_name(change.becomes)));
      // What was not published is not kept to be restored.
      CHECK(it.site.ours("item", it.image, "digest") == std::nullopt);
      CHECK(it.site.ours("item", it.image, "lease_run") == std::nullopt);
    }
  }
}

TEST_CASE("the guard lets a hash pass where nothing that matters has changed", "[ledger]") {
  Claimed it;
  SECTION("renamed") {
    it.site.set(it.image, "name", std::string("renamed"));
  }
  SECTION("deactivated") {
    it.site.set(it.image, "status", std::string("deactivated"));
  }
  SECTION("hidden") {
    it.site.set(it.image, "os_hidden", std::int64_t{1});
  }
  SECTION("size unknown") {
    it.site.set(it.image, "size", nullptr);
  }
  SECTION("size zero, which is unknown to Glance too") {
    it.site.set(it.image, "size", std::int64_t{0});
  }
  SECTION("the same checksum arrived") {
    it.site.set(it.image, "checksum", digest_of("md5", it.content));
  }
  SECTION("an empty hash") {
    it.site.set(it.image, "os_hash_value", std::string());
  }
  SECTION("an algorithm without a value") {
    it.site.set(it.image, "os_hash_algo", std::string("sha512"));
  }
  SECTION("a further location") {
    it.site.add_location(it.image, "file:///elsewhere");
  }
  CHECK(it.settle(it.outcome()) == ReadClass::hashed);
  CHECK(it.site.get(it.image, "os_hash_value") == digest_of("sha512", it.content));
}

TEST_CASE("a run that lost its lease changes nothing", "[ledger]") {
  Claimed it;
  SECTION("the lease ran out") {
    it.site.sql().execute("UPDATE backglance_item SET lease_until = {now} - 1");
  }
  SECTION("the token moved on") {
    it.site.sql().execute("UPDATE backglance_item SET lease_token = lease_token + 1");
  }
  SECTION("another run holds it") {
    it.site.sql().execute("UPDATE backglance_item SET lease_run = 'another'");
  }
  SECTION("it was released") {
    Items(it.site.sql()).release_run(it.run->id());
  }
  SECTION("it was settled by another") {
    it.site.sql().execute("UPDATE backglance_item SET state = 'done'");
  }
  const auto before = dump(it.site.sql());
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  CHECK(changes(before, dump(it.site.sql())) == kNone);
}

TEST_CASE("images settled together are each judged alone", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Items items(site.sql());
  for (int i = 0; i < 4; ++i)
    site.upload("content");
  items.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  std::vector<Items::Settled> settled;
  for (const Claim& claim : items.claim(run.id(), {4, 4}, kAnySize, seconds(60))) {
    ReadOutcome outcome;
    outcome.read_class = ReadClass::hashed;
    outcome.location_id = site.first_location(claim.image_id);
    outcome.bytes = 7;
    outcome.md5 = digest_of("md5", "content");
    outcome.algorithm = "sha512";
    outcome.digest = digest_of("sha512", "content");
    settled.push_back({claim, outcome});
  }
  REQUIRE(settled.size() == 4);
  site.delete_image(settled[1].claim.image_id);
  settled[2].outcome.read_class = ReadClass::checksum_differs;
  settled[2].outcome.reason = "they differ";
  settled[3].claim.token += 1;
  const auto became = items.settle(run.id(), settled);
  CHECK(became == std::vector<std::optional<ReadClass>>{ReadClass::hashed, ReadClass::gone,
                                                        ReadClass::checksum_differs, std::nullopt});
  CHECK(site.get(settled[0].claim.image_id, "os_hash_value").has_value());
  for (std::size_t i = 1; i < 4; ++i)
    CHECK_FALSE(site.get(settled[i].claim.image_id, "os_hash_value").has_value());
  CHECK(site.ours("item", settled[2].claim.image_id, "reason") == "they differ");
}

TEST_CASE("a finding is kept with its reason and without a digest to restore", "[ledger]") {
  Claimed it;
  ReadOutcome outcome = it.outcome(ReadClass::checksum_differs);
  outcome.reason = "MD5 differs";
  CHECK(it.settle(outcome) == ReadClass::checksum_differs);
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(it.site.ours("item", it.image, "state") == "failed");
  CHECK(it.site.ours("item", it.image, "reason") == "MD5 differs");
  CHECK(it.site.ours("item", it.image, "digest") == std::nullopt);
  CHECK(Items(it.site.sql()).failed().images == 1);
  CHECK(Items(it.site.sql()).queue_new() == 0);
  CHECK(Items(it.site.sql()).requeue_failed() == 1);
}

TEST_CASE("what is busy or changing is put off, and changing no more than three times",
          "[ledger]") {
  SECTION("busy") {
    Claimed it;
    CHECK(it.settle(it.outcome(ReadClass::busy_in_glance)) == ReadClass::busy_in_glance);
    CHECK(it.site.ours("item", it.image, "state") == "queued");
    Items items(it.site.sql());
    CHECK(items.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).empty());
    CHECK(items.queued().images == 1);
    it.site.sql().execute("UPDATE backglance_item SET next_try_at = {now}");
    CHECK(items.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).size() == 1);
  }
  SECTION("changing") {
    Claimed it;
    Items items(it.site.sql());
    for (int attempt = 1; attempt <= 3; ++attempt) {
      CHECK(it.settle(it.outcome(ReadClass::changed_while_read)) == ReadClass::changed_while_read);
      CHECK(it.site.ours("item", it.image, "state") == (attempt < 3 ? "queued" : "failed"));
      it.site.sql().execute("UPDATE backglance_item SET next_try_at = {now}");
      if (attempt < 3)
        it.claim = items.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).at(0);
    }
    CHECK(items.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).empty());
  }
}

TEST_CASE("work that comes back is queued again", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  Items items(site.sql());
  items.queue_new();
  const auto mark = [&](const char* state, const char* result) {
    site.sql().execute("UPDATE backglance_item SET state = :state, result = :result",
                       {{"state", std::string(state)}, {"result", std::string(result)}});
  };
  SECTION("a hash of somebody else that is gone again") {
    mark("done", "already_done");
    CHECK(items.queue_new() == 1);
  }
  SECTION("an image that lives again") {
    mark("failed", "gone");
    CHECK(items.queue_new() == 1);
  }
  SECTION("a location where there was none") {
    mark("failed", "no_location");
    site.sql().execute("UPDATE image_locations SET deleted = {true}");
    CHECK(items.queue_new() == 0);
    site.sql().execute("UPDATE image_locations SET deleted = {false}");
    CHECK(items.queue_new() == 1);
  }
  SECTION("but no finding") {
    mark("failed", "missing");
    CHECK(items.queue_new() == 0);
    CHECK(items.requeue_one(image));
  }
  SECTION("and nothing of an image that is gone") {
    mark("failed", "missing");
    site.delete_image(image);
    CHECK(items.requeue_failed() == 0);
    CHECK_FALSE(items.requeue_one(image));
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
  CHECK(Items(it.site.sql()).claimable().images == 1);
}

TEST_CASE("a dead process's run is ended and its leases are free at once", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  Items(site.sql()).queue_new();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Session session = site.open();
    const Run run(session, "backfill");
    const bool claimed = Items(session).claim_one(run.id(), image, seconds(7200)).has_value();
    _exit(claimed ? 42 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 42);
  CHECK(Items(site.sql()).claimable().images == 0);
  CHECK(live_runs(site.sql()).empty());

  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ReadClass::hashed) == 1);
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
  Run::heartbeat(session, "r", {7, 8, "a reason"}, 9);
  CHECK(session.count("SELECT {now} - heartbeat_at FROM backglance_run") < 5);
  const LiveRun live = live_runs(session).at(0);
  CHECK((live.images == 7 && live.bytes == 8 && live.bytes_per_second == 9));
  CHECK(live.waiting_for == "a reason");
  CHECK(live.heartbeat_age < 5);
  other_host("{now} - 300");
  CHECK_NOTHROW(Run(session, "migrate"));
}

namespace {

// Settles by a session of its own, as a run does, and counts the attempts.
struct Publisher {
  Publisher(Claimed& it, seconds lock_timeout)
      : session(it.site.open({.lock_timeout = lock_timeout})), done([&] {
          return std::async(std::launch::async, [&] {
            return retry(session, [&] {
              ++attempts;
              return Items(session).settle(it.run->id(), {{it.claim, it.outcome()}}).front();
            });
          });
        }()) {}

  Session session;
  int attempts = 0;
  std::future<std::optional<ReadClass>> done;
};

constexpr const char* kRename = "UPDATE images SET name = 'renamed' WHERE id = :id";

}  // namespace

TEST_CASE("a publish outlasts a lock that outlasts its patience", "[ledger]") {
  Claimed it;
  Session glance = it.site.open();
  std::optional<Transaction> transaction(std::in_place, glance);
  glance.execute(kRename, {{"id", it.image}});
  Publisher publisher(it, seconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1800));
  transaction->commit();
  transaction.reset();
  CHECK(publisher.done.get() == ReadClass::hashed);
  CHECK(publisher.attempts > 1);
  CHECK(it.site.get(it.image, "name") == "renamed");
}

TEST_CASE("a publish that meets a deadlock is done again", "[ledger]") {
  Claimed it;
  if (!it.site.is_server())
    return;  // one writer at a time
  Session other = it.site.open();
  // Of two the server ends one: on PostgreSQL the first to look, on MariaDB the one that has less
  // to undo.
  if (it.site.database().engine == Engine::postgresql)
    other.execute("SET deadlock_timeout = '60s'");
  for (int i = 0; i < 20; ++i)
    it.site.upload("more");
  std::optional<Transaction> transaction(std::in_place, other);
  other.execute("UPDATE images SET name = 'renamed'");
  Publisher publisher(it, seconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  other.execute("UPDATE backglance_item SET reason = 'a reason' WHERE image_id = :id",
                {{"id", it.image}});
  transaction->commit();
  transaction.reset();
  CHECK(publisher.done.get() == ReadClass::hashed);
  CHECK(publisher.attempts == 2);
  CHECK(it.site.get(it.image, "name") == "renamed");
  CHECK(it.site.get(it.image, "os_hash_value").has_value());
}
