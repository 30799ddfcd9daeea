// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <future>
#include <thread>

#include "sql/retry.h"
#include "tests/steps/claimed.h"

using namespace backglance;
using std::chrono::seconds;

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
  CHECK(it.settle(it.outcome()) == ImageResult::hashed);
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
  CHECK(it.settle(it.outcome()) == ImageResult::hashed);
  CHECK(it.settle(it.outcome(ImageResult::missing)) == ImageResult::hashed);
  CHECK(changes(before, dump(it.site.sql())) == kNone);
}

TEST_CASE("a run publishes nothing for an image that was forgotten while it was read", "[ledger]") {
  Claimed it;
  Results(it.site.sql()).forget(it.image);
  CHECK(it.settle(it.outcome()) == std::nullopt);
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(Queue(it.site.sql()).queue_new() == 1);
}

TEST_CASE("a published image is not queued again while its hash stands", "[ledger]") {
  Claimed it;
  REQUIRE(it.settle(it.outcome()) == ImageResult::hashed);
  Queue queue(it.site.sql());
  Results results(it.site.sql());
  SECTION("as it is") {}
  SECTION("nor once its image is deleted") {
    it.site.set(it.image, "os_hash_value", nullptr);
    it.site.delete_image(it.image);
  }
  // An image that is pending changes nothing for one that is not.
  it.site.upload("another");
  CHECK(queue.queue_new() == 1);
  results.requeue_erased(it.image);
  CHECK(queue.queue_new() == 0);
  CHECK(it.site.ours("item", it.image, "state") == "done");
  CHECK(it.site.ours("item", it.image, "digest").has_value());
}

TEST_CASE("a published checksum never replaces one that is there", "[ledger]") {
  Claimed it;
  std::string capitals = digest_of("md5", it.content);
  for (char& c : capitals)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  it.site.set(it.image, "checksum", capitals);
  CHECK(it.settle(it.outcome()) == ImageResult::hashed);
  CHECK(it.site.get(it.image, "checksum") == capitals);
}

TEST_CASE("the guard holds back a hash whose row has changed since the claim", "[ledger]") {
  struct Change {
    const char* what;
    std::function<void(Claimed&)> make;
    ImageResult becomes;
    const char* state;
  };
  const std::vector<Change> cases = {
      {"deleted", [](Claimed& it) { it.site.delete_image(it.image); }, ImageResult::gone, "failed"},
      {"its row is gone altogether",
       [](Claimed& it) {
         if (it.site.is_server())  // which holds its foreign keys
           it.site.sql().execute("DELETE FROM image_locations");
         it.site.sql().execute("DELETE FROM images");
       },
       ImageResult::gone, "failed"},
      {"marked deleted with its status left",
       [](Claimed& it) { it.site.set(it.image, "deleted", std::int64_t{1}); }, ImageResult::gone,
       "failed"},
      {"queued again", [](Claimed& it) { it.site.set(it.image, "status", std::string("queued")); },
       ImageResult::gone, "failed"},
      {"pending delete",
       [](Claimed& it) { it.site.set(it.image, "status", std::string("pending_delete")); },
       ImageResult::gone, "failed"},
      {"hashed by somebody else",
       [](Claimed& it) { it.site.set(it.image, "os_hash_value", std::string("ab12")); },
       ImageResult::already_done, "done"},
      {"another checksum",
       [](Claimed& it) { it.site.set(it.image, "checksum", std::string(32, 'a')); },
       ImageResult::busy_in_glance, "queued"},
      {"another size", [](Claimed& it) { it.site.set(it.image, "size", std::int64_t{5}); },
       ImageResult::busy_in_glance, "queued"},
      {"its location deleted",
       [](Claimed& it) { it.site.sql().execute("UPDATE image_locations SET deleted = {true}"); },
       ImageResult::busy_in_glance, "queued"},
      {"its location pending delete",
       [](Claimed& it) {
         it.site.sql().execute("UPDATE image_locations SET status = 'pending_delete'");
       },
       ImageResult::busy_in_glance, "queued"},
      {"its location another image's",
       [](Claimed& it) {
         it.site.sql().execute("UPDATE image_locations SET image_id = :id",
                               {{"id", it.site.insert_image()}});
       },
       ImageResult::busy_in_glance, "queued"},
  };
  for (const Change& change : cases) {
    DYNAMIC_SECTION(change.what) {
      Claimed it;
      change.make(it);
      const auto glance = dump(it.site.sql(), Part::glance);
      CHECK(it.settle(it.outcome()) == change.becomes);
      CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
      CHECK(it.site.ours("item", it.image, "state") == change.state);
      CHECK(it.site.ours("item", it.image, "result") == std::string(result_name(change.becomes)));
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
  CHECK(it.settle(it.outcome()) == ImageResult::hashed);
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
    Queue(it.site.sql()).release_run(it.run->id());
  }
  SECTION("it was settled by another") {
    it.site.sql().execute("UPDATE backglance_item SET state = 'done'");
  }
  const auto before = dump(it.site.sql());
  CHECK_FALSE(it.settle(it.outcome()).has_value());
  CHECK(changes(before, dump(it.site.sql())) == kNone);
}

TEST_CASE("what was read is not published once the location leads elsewhere", "[ledger]") {
  Claimed it;
  const ReadOutcome read = it.outcome();
  const auto set = [&](const std::string& column, const std::string& value) {
    it.site.sql().execute("UPDATE image_locations SET " + column + " = :value WHERE id = :id",
                          {{"value", value}, {"id", it.location}});
  };
  const auto same = [&](const LocationRow& one, const LocationRow& other) {
    CHECK(one.value == read.location_value);
    return other.value == "the same, enciphered anew";
  };
  const auto settle = [&] {
    return Results(it.site.sql(), same).settle(it.run->id(), {{it.claim, read}}).front();
  };
  SECTION("to another object") {
    set("value", read.location_value + "2");
    CHECK(settle() == ImageResult::busy_in_glance);
  }
  SECTION("to another object, by the case of one letter") {
    std::string value = read.location_value;
    value[value.size() - 1] = 'X';
    set("value", value);
    ReadOutcome other = read;
    other.location_value = value.substr(0, value.size() - 1) + "x";
    CHECK(it.settle(other) == ImageResult::busy_in_glance);
  }
  SECTION("to another store") {
    set("meta_data", R"({"store": "other"})");
    CHECK(settle() == ImageResult::busy_in_glance);
  }
  SECTION("but a Glance that only saved it as another text is no reason") {
    set("value", "the same, enciphered anew");
    CHECK(settle() == ImageResult::hashed);
    CHECK(it.site.get(it.image, "os_hash_value") == read.digest);
    return;
  }
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(it.site.ours("item", it.image, "state") == "queued");
}

TEST_CASE("images settled together are each judged alone", "[ledger]") {
  GlanceSite site;
  expand(site.sql());
  Queue queue(site.sql());
  Results results(site.sql());
  for (int i = 0; i < 4; ++i)
    site.upload("content");
  queue.queue_new();
  Session session = site.open();
  const Run run(session, "backfill");
  std::vector<SettledImage> settled;
  for (const Claim& claim : queue.claim(run.id(), {4, 4}, kAnySize, seconds(60))) {
    ReadOutcome outcome;
    outcome.result = ImageResult::hashed;
    outcome.location_id = site.first_location(claim.image_id);
    outcome.location_value = "file://" + site.file(claim.image_id).string();
    outcome.location_meta_data = "{}";
    outcome.bytes = 7;
    outcome.md5 = digest_of("md5", "content");
    outcome.algorithm = "sha512";
    outcome.digest = digest_of("sha512", "content");
    settled.push_back({claim, outcome});
  }
  REQUIRE(settled.size() == 4);
  site.delete_image(settled[1].claim.image_id);
  settled[2].outcome.result = ImageResult::checksum_differs;
  settled[2].outcome.reason = "they differ";
  settled[3].claim.token += 1;
  const auto became = results.settle(run.id(), settled);
  CHECK(became == std::vector<std::optional<ImageResult>>{ImageResult::hashed, ImageResult::gone,
                                                          ImageResult::checksum_differs,
                                                          std::nullopt});
  CHECK(site.get(settled[0].claim.image_id, "os_hash_value").has_value());
  for (std::size_t i = 1; i < 4; ++i)
    CHECK_FALSE(site.get(settled[i].claim.image_id, "os_hash_value").has_value());
  CHECK(site.ours("item", settled[2].claim.image_id, "reason") == "they differ");
}

TEST_CASE("a finding is kept with its reason and without a digest to restore", "[ledger]") {
  Claimed it;
  ReadOutcome outcome = it.outcome(ImageResult::checksum_differs);
  outcome.reason = "MD5 differs";
  CHECK(it.settle(outcome) == ImageResult::checksum_differs);
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(it.site.ours("item", it.image, "state") == "failed");
  CHECK(it.site.ours("item", it.image, "reason") == "MD5 differs");
  CHECK(it.site.ours("item", it.image, "digest") == std::nullopt);
  CHECK(QueueFigures(it.site.sql()).failed().images == 1);
  CHECK(Queue(it.site.sql()).queue_new() == 0);
  CHECK(Queue(it.site.sql()).requeue_failed() == 1);
}

TEST_CASE("busy and changing images are postponed, changing ones at most three times", "[ledger]") {
  SECTION("busy") {
    Claimed it;
    CHECK(it.settle(it.outcome(ImageResult::busy_in_glance)) == ImageResult::busy_in_glance);
    CHECK(it.site.ours("item", it.image, "state") == "queued");
    Queue queue(it.site.sql());
    QueueFigures figures(it.site.sql());
    CHECK(queue.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).empty());
    CHECK(figures.queued().images == 1);
    it.site.sql().execute("UPDATE backglance_item SET next_try_at = {now}");
    CHECK(queue.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).size() == 1);
  }
  SECTION("changing") {
    Claimed it;
    Queue queue(it.site.sql());
    for (int attempt = 1; attempt <= 3; ++attempt) {
      CHECK(it.settle(it.outcome(ImageResult::changed_while_read)) ==
            ImageResult::changed_while_read);
      CHECK(it.site.ours("item", it.image, "state") == (attempt < 3 ? "queued" : "failed"));
      it.site.sql().execute("UPDATE backglance_item SET next_try_at = {now}");
      if (attempt < 3)
        it.claim = queue.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).at(0);
    }
    CHECK(queue.claim(it.run->id(), {1, 1}, kAnySize, seconds(60)).empty());
  }
}

TEST_CASE("a settlement whose answer was lost has the same outcome when it is repeated",
          "[ledger]") {
  Claimed it;
  ReadOutcome outcome = it.outcome();
  SECTION("of what was published") {}
  SECTION("of what is put off") {
    outcome = it.outcome(ImageResult::busy_in_glance);
  }
  SECTION("of what is tried again") {
    outcome = it.outcome(ImageResult::changed_while_read);
  }
  SECTION("of what the guard held back") {
    it.site.set(it.image, "size", std::int64_t{999});
  }
  const auto first = it.settle(outcome);
  REQUIRE(first.has_value());
  const auto before = dump(it.site.sql());
  CHECK(it.settle(outcome) == first);
  CHECK(changes(before, dump(it.site.sql())) == kNone);
}

namespace {

// Settles by a session of its own, as a run does, and counts the attempts.
struct Publisher {
  Publisher(Claimed& it, seconds lock_timeout)
      : session(it.site.open({.lock_timeout = lock_timeout})), done([&] {
          return std::async(std::launch::async, [&] {
            return retry(session, [&] {
              ++attempts;
              return Results(session).settle(it.run->id(), {{it.claim, it.outcome()}}).front();
            });
          });
        }()) {}

  Session session;
  int attempts = 0;
  std::future<std::optional<ImageResult>> done;
};

constexpr const char* kRename = "UPDATE images SET name = 'renamed' WHERE id = :id";

}  // namespace

TEST_CASE("a publish is retried when a lock is held for longer than its timeout", "[ledger]") {
  Claimed it;
  Session glance = it.site.open();
  std::optional<Transaction> transaction(std::in_place, glance);
  glance.execute(kRename, {{"id", it.image}});
  Publisher publisher(it, seconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1800));
  transaction->commit();
  transaction.reset();
  CHECK(publisher.done.get() == ImageResult::hashed);
  CHECK(publisher.attempts > 1);
  CHECK(it.site.get(it.image, "name") == "renamed");
}

TEST_CASE("a publish that meets a deadlock is retried", "[ledger]") {
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
  CHECK(publisher.done.get() == ImageResult::hashed);
  CHECK(publisher.attempts == 2);
  CHECK(it.site.get(it.image, "name") == "renamed");
  CHECK(it.site.get(it.image, "os_hash_value").has_value());
}
