// SPDX-License-Identifier: Apache-2.0
// Two nodes of a real Galera cluster (tests/servers/galera.py), and what its certification does to
// us. Hidden: only where BACKGLANCE_TEST_SERVERS names such a cluster.
#include "sql/galera.h"

#include <barrier>
#include <cstdlib>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "expand/expand.h"
#include "ledger/queue.h"
#include "ledger/queue_figures.h"
#include "ledger/read_outcome.h"
#include "ledger/runs.h"
#include "sql/guard.h"
#include "sql/retry.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

// The same database by another node.
DatabaseUrl on_second_node(const GlanceSite& site) {
  std::ifstream file(std::string(std::getenv("BACKGLANCE_TEST_SERVERS")) + "/node-2.url");
  std::string url;
  REQUIRE(std::getline(file, url));
  DatabaseUrl database = site.database();
  database.port = parse_database_url(url + "/any").port;
  REQUIRE(database.port != site.database().port);
  return database;
}

struct Cluster {
  Cluster() : second_url(on_second_node(site)), second(second_url) { expand(site.sql()); }

  GlanceSite site;
  DatabaseUrl second_url;
  Session second;
};

std::int64_t status(Session& session, const std::string& name) {
  return session.first_row("SHOW GLOBAL STATUS LIKE '" + name + "'")->integer_or(1, 0);
}

// Commits and statements that lost against another node's.
std::int64_t conflicts(Session& session) {
  return status(session, "wsrep_local_cert_failures") + status(session, "wsrep_local_bf_aborts");
}

// Changes images on the second node without pause, one after the other.
class Changer {
 public:
  Changer(const Cluster& cluster, const std::vector<std::string>& ids, std::size_t first)
      : thread_([&ids, first,
                 session = Session(cluster.second_url)](const std::stop_token& stop) mutable {
          for (std::size_t i = first; !stop.stop_requested(); ++i)
            retry(session, [&] {
              session.execute(
                  "UPDATE images SET name = :name WHERE id = :id",
                  {{"name", "change " + std::to_string(i)}, {"id", ids[i % ids.size()]}});
            });
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a cluster is recognised, and its second node is not taken for a single server",
          "[.galera]") {
  Cluster it;
  const auto galera = read_galera(it.second);
  REQUIRE(galera);
  CHECK(galera->nodes == 2);
  CHECK(galera->state == "Synced");
  CHECK(galera->status == "Primary");
  CHECK(galera->method == "TOI");
  it.site.upload_many(10);
  const auto trial = try_index_build(it.second);
  REQUIRE(trial);
  CHECK(trial->images == 10);
  CHECK(trial->tried == 10);
  CHECK(trial->build.count() > 0);
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM information_schema.tables "
                            "WHERE table_schema = DATABASE() AND table_name LIKE '%trial%'") == 0);
}

TEST_CASE("what one node has committed the other shows at once", "[.galera]") {
  Cluster it;
  const std::string image = it.site.upload_many(1).front();
  for (std::int64_t size = 1; size <= 200; ++size) {
    it.site.set(image, "size", size);
    REQUIRE(it.second.count("SELECT size FROM images WHERE id = :id", {{"id", image}}) == size);
  }
}

TEST_CASE("of two runs on two nodes that claim the same image one gets it", "[.galera]") {
  Cluster it;
  const auto ids = it.site.upload_many(60);
  Queue(it.site.sql()).queue_new();
  Run first_run(it.site.sql(), "backfill");
  Run second_run(it.second, "backfill");
  std::barrier both(2);
  const auto claim_all = [&](Session& session, const std::string& run) {
    std::vector<std::string> won;
    Queue queue(session);
    for (const std::string& id : ids) {
      both.arrive_and_wait();
      if (const auto claim = queue.claim_one(run, id, seconds(120))) {
        CHECK(claim->token == 1);
        won.push_back(id);
      }
    }
    return won;
  };
  auto other =
      std::async(std::launch::async, [&] { return claim_all(it.second, second_run.id()); });
  const auto mine = claim_all(it.site.sql(), first_run.id());
  const auto others = other.get();
  CHECK(mine.size() + others.size() == ids.size());
  for (const auto& [won, run] :
       {std::pair(mine, first_run.id()), std::pair(others, second_run.id())})
    for (const std::string& id : won)
      CHECK(it.site.ours("item", id, "lease_run") == run);
}

TEST_CASE("two runs on two nodes share the queue in batches", "[.galera]") {
  Cluster it;
  const auto ids = it.site.upload_many(300);
  Queue(it.site.sql()).queue_new();
  Run first_run(it.site.sql(), "backfill");
  Run second_run(it.second, "backfill");
  const auto claim_all = [&](Session& session, const std::string& run) {
    std::vector<std::string> won;
    for (;;) {
      const auto claims = Queue(session).claim(run, {.most = 8, .large = 8, .small_bytes = 1 << 20},
                                               1 << 20, seconds(120));
      if (claims.empty() && QueueFigures(session).claimable().images == 0)
        return won;
      for (const Claim& claim : claims)
        won.push_back(claim.image_id);
    }
  };
  auto other =
      std::async(std::launch::async, [&] { return claim_all(it.second, second_run.id()); });
  auto all = claim_all(it.site.sql(), first_run.id());
  const auto others = other.get();
  all.insert(all.end(), others.begin(), others.end());
  CHECK(all.size() == ids.size());
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == ids.size());
}

TEST_CASE("a COMMIT that certification refuses is rolled back as a whole and retried",
          "[.galera]") {
  Cluster it;
  const auto ids = it.site.upload_many(2);
  int attempts = 0;
  const auto work = [&] {
    Transaction transaction(it.second);
    it.second.execute("UPDATE images SET name = 'of the second node' WHERE id = :id",
                      {{"id", ids[0]}});
    it.second.execute("UPDATE images SET name = 'of the second node' WHERE id = :id",
                      {{"id", ids[1]}});
    if (++attempts == 1)
      it.site.set(ids[0], "name", std::string("of the first node"));
    transaction.commit();
  };
  SECTION("it fails as a lock of somebody else") {
    CHECK(required_error(work).kind() == ErrorKind::busy);
    CHECK(it.site.get(ids[0], "name") == "of the first node");
    CHECK(it.site.get(ids[1], "name") == "image");
  }
  SECTION("and goes through the second time") {
    retry(it.second, work);
    CHECK(attempts == 2);
    CHECK(it.site.get(ids[0], "name") == "of the second node");
    CHECK(it.site.get(ids[1], "name") == "of the second node");
  }
}

TEST_CASE("a backfill publishes every hash while another node changes the same rows", "[.galera]") {
  Cluster it;
  const auto ids = it.site.upload_many(200);
  const auto before = conflicts(it.site.sql());
  const Changer one(it, ids, 0);
  const Changer two(it, ids, 70);
  const Changer three(it, ids, 140);
  // Certification finds two transactions on one row by chance: again until it has.
  for (int round = 0; round < 10 && conflicts(it.site.sql()) == before; ++round) {
    retry(it.site.sql(), [&] {
      it.site.sql().execute("UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL");
    });
    it.site.sql().execute("DELETE FROM backglance_item");
    REQUIRE(run_backfill(it.site, {.jobs = 2}).images(ImageResult::hashed) ==
            static_cast<std::int64_t>(ids.size()));
  }
  CHECK(conflicts(it.site.sql()) > before);
  for (std::size_t i = 0; i < ids.size(); ++i)
    CHECK(it.site.get(ids[i], "os_hash_value") ==
          digest_of("sha512", "content " + std::to_string(i)));
}

TEST_CASE("runs that begin at once on two nodes all begin", "[.galera]") {
  Cluster it;
  for (int round = 0; round < 5; ++round) {
    if (round == 0)
      it.site.sql().execute("DELETE FROM backglance_control");
    std::barrier all(6);
    std::vector<std::future<std::optional<Error>>> runs;
    for (int i = 0; i < 6; ++i)
      runs.push_back(std::async(std::launch::async, [&, i] {
        Session session(i % 2 == 0 ? it.site.database() : it.second_url);
        all.arrive_and_wait();
        return error_of([&] { Run(session, "backfill").finish("done"); });
      }));
    for (auto& run : runs) {
      const auto error = run.get();
      INFO((error ? error->what() : ""));
      CHECK_FALSE(error.has_value());
    }
  }
  CHECK(it.site.runs("backfill", "done") == 30);
}

TEST_CASE("of an expand and a backfill that begin at once on two nodes one is refused",
          "[.galera]") {
  Cluster it;
  for (int round = 0; round < 10; ++round) {
    std::barrier both(2);
    std::barrier tried(2);
    const auto begin = [&](const DatabaseUrl& url, const std::string& command) {
      return std::async(std::launch::async, [&, url, command] {
        Session session(url);
        std::optional<Run> run;
        both.arrive_and_wait();
        const auto error = error_of([&] { run.emplace(session, command); });
        tried.arrive_and_wait();
        if (run)
          run->finish("done");
        return error;
      });
    };
    auto first = begin(it.site.database(), "expand");
    auto second = begin(it.second_url, "backfill");
    const auto one = first.get();
    const auto two = second.get();
    REQUIRE(one.has_value() != two.has_value());
    CHECK((one ? one : two)->kind() == ErrorKind::locked);
  }
}

TEST_CASE("the guard holds on every node", "[.galera]") {
  Cluster it;
  expand(it.site.sql(), {.guard = true});
  CHECK(find_guard(read_schema_state(it.second), it.second.engine()).state == GuardState::there);
  const std::string image = it.site.upload_many(1).front();
  const GlanceSite::Copy old = it.site.load(image);
  run_backfill(it.site);
  REQUIRE(it.second.execute("UPDATE images SET name = 'renamed', os_hash_algo = NULL, "
                            "os_hash_value = NULL WHERE id = :id",
                            {{"id", image}}) == 1);
  CHECK(it.site.get(image, "os_hash_value") == digest_of("sha512", "content 0"));
  CHECK(it.site.get(image, "name") == "renamed");
}

TEST_CASE("expand refuses a node whose schema statements would not reach the cluster",
          "[.galera]") {
  GlanceSite site("queens_contract01");
  const auto before = dump(site.sql());
  site.sql().execute("SET SESSION wsrep_OSU_method = 'RSU'");
  const Error error = required_error([&] { expand(site.sql()); });
  CHECK(error.kind() == ErrorKind::gate);
  CHECK_THAT(error.what(), Contains("wsrep_OSU_method is RSU"));
  CHECK(changes(before, dump(site.sql())) == kNone);
  site.sql().execute("SET SESSION wsrep_OSU_method = 'TOI'");
  expand(site.sql());
  site.sql().execute("SET SESSION wsrep_OSU_method = 'RSU'");
  CHECK(expand(site.sql()).statements.empty());
  CHECK(required_error([&] { revert_expand(site.sql()); }).kind() == ErrorKind::gate);
}

TEST_CASE("a node accepts the guard only from an account with SUPER, and the error says so",
          "[.galera]") {
  GlanceSite site("head");
  expand(site.sql());
  const std::string account = "poor_" + site.database().database + "@'127.0.0.1'";
  site.sql().execute("CREATE USER " + account + " IDENTIFIED BY 'p'");
  site.sql().execute("GRANT ALL ON `" + site.database().database + "`.* TO " + account);
  DatabaseUrl url = site.database();
  url.user = "poor_" + url.database;
  url.password = "p";
  {
    Session poor(url);
    const Error error = required_error([&] { expand(poor, {.guard = true}); });
    CHECK_THAT(error.what(), Contains("SUPER") && !Contains("\n"));
    CHECK_THAT(error.next(), Contains("log_bin_trust_function_creators"));
    site.sql().execute("SET GLOBAL log_bin_trust_function_creators = ON");
    CHECK(expand(poor, {.guard = true}).statements.size() == 1);
    site.sql().execute("SET GLOBAL log_bin_trust_function_creators = OFF");
  }
  site.sql().execute("DROP USER " + account);
}

TEST_CASE("the schema is read while another node changes it", "[.galera]") {
  Cluster it;
  // A statement in total order breaks off what is under way on its table, a read included.
  std::atomic<bool> ended = false;
  auto changing = std::async(std::launch::async, [&] {
    for (int i = 0; !ended; ++i)
      it.site.sql().execute("ALTER TABLE alembic_version COMMENT = 'change " + std::to_string(i) +
                            "'");
  });
  int read = 0;
  std::optional<Error> error;
  for (; read < 200 && !error; ++read)
    error = error_of([&] { CHECK(read_schema_state(it.second).has_os_hash); });
  ended = true;
  changing.get();
  INFO((error ? error->what() : ""));
  CHECK_FALSE(error.has_value());
  CHECK(read == 200);
}
