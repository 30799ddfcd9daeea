// SPDX-License-Identifier: Apache-2.0
// expand and revert beside live sessions, on engines whose schema statements run beside them. On
// SQLite there is nothing of this to test.
#include <atomic>
#include <future>
#include <thread>

#include "base/stop.h"
#include "contract/contract.h"
#include "expand/expand.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
using std::chrono::milliseconds;

namespace {

constexpr const char* kQueens = "queens_contract01";
constexpr const char* kQueensHashed = "queens_contract01+rocky_expand02";
constexpr const char* kBuildOsHidden =
    "CREATE INDEX CONCURRENTLY os_hidden_image_idx ON images (os_hidden)";

bool is_engine(const GlanceSite& site, Engine engine) {
  return site.database().engine == engine;
}

void require_complete(GlanceSite& site) {
  GlanceSite reference(kQueensHashed);
  const CatalogTable there = read_catalog(site.sql()).at("images");
  const CatalogTable wanted = read_catalog(reference.sql()).at("images");
  REQUIRE(there.columns == wanted.columns);
  REQUIRE(there.indexes == wanted.indexes);
  REQUIRE(site.revision_rows() == reference.revision_rows());
  REQUIRE(read_schema_state(site.sql()).has_ledger);
  REQUIRE(plan_expand(read_schema_state(site.sql()), site.sql().engine()).statements.empty());
}

// An UPDATE of images that is not committed before end().
class OpenUpdate {
 public:
  explicit OpenUpdate(GlanceSite& site)
      : session_(site.open()), pid_(pid_of(session_)), transaction_(std::in_place, session_) {
    session_.execute("UPDATE images SET name = 'a secret name'");
  }
  const std::string& pid() const { return pid_; }
  void end() {
    transaction_->commit();
    transaction_.reset();
  }

 private:
  Session session_;
  std::string pid_;
  std::optional<Transaction> transaction_;
};

// Reads images as glance-api does, again and again, and keeps the longest time that a read took.
class Reader {
 public:
  explicit Reader(GlanceSite& site)
      : thread_([this, session = site.open()]() mutable {
          while (!ended_) {
            const auto began = std::chrono::steady_clock::now();
            session.rows("SELECT id, name, status FROM images");
            const auto took =
                std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
            longest_ = std::max(longest_, took);
            ++reads_;
            std::this_thread::sleep_for(milliseconds(5));
          }
        }) {}
  ~Reader() { end(); }

  milliseconds end() {
    ended_ = true;
    if (thread_.joinable())
      thread_.join();
    REQUIRE(reads_ > 0);
    return longest_;
  }

 private:
  std::atomic<bool> ended_ = false;
  milliseconds longest_{0};
  int reads_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

TEST_CASE("expand waits for an open transaction, and readers do not wait for it", "[online]") {
  GlanceSite site(kQueens);
  if (!site.is_server())
    return;
  site.upload("content");
  OpenUpdate glance(site);
  const std::string pid = glance.pid();
  std::vector<std::string> waits;
  ExpandOptions options;
  options.on_wait = [&](const std::string& line) {
    waits.push_back(line);
    if (waits.size() == 3)
      glance.end();
  };
  Reader reader(site);
  expand(site.sql(), options);
  CHECK(reader.end() < milliseconds(1500));
  REQUIRE(waits.size() >= 3);
  for (std::size_t i = 0; i < 3; ++i) {
    // MariaDB does not say what an idle session did last.
    CHECK_THAT(waits[i], Contains("0002_os_hidden, statement 1: images is in use") &&
                             Contains("pid " + pid + ", ") &&
                             (Contains(", UPDATE, ") || Contains(", SLEEP, ")) &&
                             !Contains("secret"));
  }
  require_complete(site);
}

TEST_CASE("an expand that waits stops on request, and continues later", "[online]") {
  GlanceSite site(kQueens);
  if (!site.is_server())
    return;
  site.upload("content");
  OpenUpdate glance(site);
  ExpandOptions options;
  options.on_wait = [&](const std::string&) { request_stop(); };
  const Error error = required_error([&] { expand(site.sql(), options); });
  reset_stop();
  CHECK(error.kind() == ErrorKind::interrupted);
  CHECK(site.runs("expand", "failed") + site.runs("expand", "interrupted") == 1);
  glance.end();
  expand(site.sql());
  require_complete(site);
}

TEST_CASE("an index build says for whom it waits, and stops on request", "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::postgresql))
    return;
  site.upload("content");
  expand(site.sql());
  site.sql().execute("DROP INDEX os_hash_value_image_idx");
  OpenUpdate glance(site);
  std::string lines;
  ExpandOptions options;
  options.repair = true;
  options.on_wait = [&](const std::string& line) {
    lines += line + "\n";
    if (line.find("waits for pid " + glance.pid()) != std::string::npos)
      request_stop();
  };
  // The transaction stays open: without a word to the server the build would never end.
  const Error error = required_error([&] { expand(site.sql(), options); });
  reset_stop();
  CHECK(error.kind() == ErrorKind::interrupted);
  CHECK_THAT(lines, Contains("0003_os_hash, statement ") && Contains("waiting for") &&
                        Contains(" s, UPDATE") && !Contains("secret"));
  glance.end();
  expand(site.sql(), options);
  require_complete(site);
}

TEST_CASE("an index whose build did not end is removed and built anew", "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::postgresql))
    return;
  site.upload("content");
  site.sql().execute("ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT false NOT NULL");
  {
    OpenUpdate glance(site);
    Session builder = site.open();
    builder.execute("SET statement_timeout = '300ms'");
    CHECK(required_error([&] { builder.execute(kBuildOsHidden); }).kind() == ErrorKind::sql);
  }
  REQUIRE_FALSE(read_catalog(site.sql()).at("images").index("os_hidden_image_idx")->valid);
  const ExpandPlan done = expand(site.sql());
  CHECK(done.statements.at(16).statement.kind == "repair");
  CHECK(done.statements.at(17).statement.kind == "index");
  CHECK(done.notes.size() == 1);
  require_complete(site);
}

namespace {

// Another session's build of the index of os_hidden, as the server goes on with it after a kill
// of expand. It waits for every transaction that is open by now.
class Build {
 public:
  explicit Build(GlanceSite& site, const std::string& timeout = "0")
      : session_(site.open()), pid_(pid_of(session_)) {
    site.sql().execute("ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT false NOT NULL");
    open_.emplace(site);
    session_.execute("SET statement_timeout = '" + timeout + "'");
    ended_ = std::async(std::launch::async,
                        [this] { return error_of([&] { session_.execute(kBuildOsHidden); }); });
    for (int look = 0; look < 200 && !is_seen(site); ++look)
      std::this_thread::sleep_for(milliseconds(20));
    REQUIRE(is_seen(site));
  }
  ~Build() { let_end(); }

  const std::string& pid() const { return pid_; }
  const std::string& waits_for() const { return open_->pid(); }
  void let_end() {
    if (open_)
      open_->end();
    open_.reset();
  }
  std::optional<Error> result() { return ended_.get(); }

 private:
  static bool is_seen(GlanceSite& site) {
    const Catalog catalog = read_catalog(site.sql());
    const CatalogIndex* index = catalog.at("images").index("os_hidden_image_idx");
    return index != nullptr && index->builder.find("waits for pid") != std::string::npos;
  }

  Session session_;
  std::string pid_;
  std::optional<OpenUpdate> open_;
  std::future<std::optional<Error>> ended_;  // last: it uses the others
};

std::vector<std::string> kinds(const ExpandPlan& plan) {
  std::vector<std::string> kinds;
  for (const PlannedStatement& planned : plan.statements)
    if (planned.step == "0002_os_hidden")
      kinds.push_back(planned.statement.kind);
  return kinds;
}

std::int64_t id_of_os_hidden_index(GlanceSite& site) {
  return site.sql().count("SELECT CAST(to_regclass('public.os_hidden_image_idx') AS oid)");
}

}  // namespace

TEST_CASE("an index that the server still builds is waited for, not built anew", "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::postgresql))
    return;
  site.upload("content");
  Build build(site);
  const std::string who =
      "index os_hidden_image_idx is being built by pid " + build.pid() + ": waiting for ";
  const ExpandPlan plan = plan_expand(read_schema_state(site.sql()), site.sql().engine());
  CHECK(kinds(plan) == std::vector<std::string>{"revision"});
  REQUIRE(plan.builds.size() == 1);
  CHECK_THAT(plan.builds.front(), Contains(who) && Contains("waits for pid " + build.waits_for()) &&
                                      Contains(" s, UPDATE") && !Contains("secret"));

  ExpandOptions options;
  options.on_wait = [](const std::string&) { request_stop(); };
  CHECK(required_error([&] { expand(site.sql(), options); }).kind() == ErrorKind::interrupted);
  reset_stop();

  const std::int64_t id = id_of_os_hidden_index(site);
  std::string lines;
  options.on_wait = [&](const std::string& line) {
    lines += line + "\n";
    build.let_end();
  };
  const ExpandPlan done = expand(site.sql(), options);
  CHECK_THAT(lines, Contains(who));
  CHECK(kinds(done) == std::vector<std::string>{"revision"});
  CHECK_FALSE(build.result());
  CHECK(id_of_os_hidden_index(site) == id);
  require_complete(site);
}

TEST_CASE("a build that was waited for and failed is removed, and built anew", "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::postgresql))
    return;
  site.upload("content");
  Build build(site, "1500ms");
  ExpandOptions options;
  bool waited = false;
  options.on_wait = [&](const std::string& line) {
    waited = waited || line.find("is being built by pid " + build.pid()) != std::string::npos;
  };
  auto ending = std::async(std::launch::async, [&] {
    const auto error = build.result();
    build.let_end();
    return error && error->kind() == ErrorKind::sql;
  });
  const ExpandPlan done = expand(site.sql(), options);
  CHECK(ending.get());
  CHECK(waited);
  CHECK(kinds(done) == std::vector<std::string>{"repair", "index", "revision"});
  require_complete(site);
}

TEST_CASE("a promised index that is not valid is reported, and repaired by --repair", "[online]") {
  GlanceSite site(kQueensHashed);
  if (!is_engine(site, Engine::postgresql))
    return;
  site.sql().execute(
      "UPDATE pg_index SET indisvalid = false "
      "WHERE indexrelid = to_regclass('public.os_hash_value_image_idx')");
  const Error error = required_error([&] { expand(site.sql()); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK_THAT(error.what(), Contains("index os_hash_value_image_idx"));
  expand(site.sql(), {.repair = true});
  require_complete(site);
}

TEST_CASE("a schema that changes while it is read is never taken for a broken one", "[online]") {
  GlanceSite site(kQueensHashed);
  Session reader = site.open();
  Session changer = site.open();
  const auto change = [&](const std::vector<std::string>& statements) {
    Transaction transaction(changer);
    for (const std::string& statement : statements)
      changer.execute(statement);
    transaction.commit();
  };
  int with = 0, without = 0;
  // One change beside each look, later and later in it.
  for (int look = 0; look < 80; ++look) {
    auto changing = std::async(std::launch::async, [&] {
      std::this_thread::sleep_for(std::chrono::microseconds(250 * (look / 2)));
      if (look % 2 == 0)
        change(
            {"UPDATE alembic_version SET version_num = 'rocky_expand01' "
             "WHERE version_num = 'rocky_expand02'",
             "ALTER TABLE images RENAME COLUMN os_hash_algo TO no_hash_algo"});
      else
        change({"ALTER TABLE images RENAME COLUMN no_hash_algo TO os_hash_algo",
                "UPDATE alembic_version SET version_num = 'rocky_expand02' "
                "WHERE version_num = 'rocky_expand01'"});
    });
    const SchemaState state = read_schema_state(reader);
    changing.get();
    if (!state.revisions.promises_os_hash)
      ++without;
    else if (state.has_os_hash)
      ++with;
    else
      FAIL("look " << look << ": a row without its columns");
  }
  CHECK(with > 0);
  CHECK(without > 0);
}

TEST_CASE("of two expands at once one works, and the other says so or finds it done", "[online]") {
  for (int round = 0; round < 3; ++round) {
    GlanceSite site(kQueens);
    if (!site.is_server())
      return;
    site.upload("content");
    const auto run = [&] {
      return std::async(std::launch::async, [session = site.open()]() mutable {
        return error_of([&] { expand(session); });
      });
    };
    auto first = run();
    auto second = run();
    const auto one = first.get();
    const auto two = second.get();
    for (const auto& error : {one, two}) {
      if (error) {
        INFO(error->what());
        CHECK(error->kind() == ErrorKind::locked);
      }
    }
    CHECK_FALSE((one && two));
    require_complete(site);
  }
}

TEST_CASE(
    "a table that cannot get a column in the dictionary alone is reported, and rebuilt online",
    "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::mysql))
    return;
  const std::string image = site.upload("content");
  const auto before = dump(site.sql());
  site.sql().execute("ALTER TABLE images ROW_FORMAT=COMPRESSED");
  std::size_t columns = 0;
  for (const PlannedStatement& planned :
       plan_expand(read_schema_state(site.sql()), site.sql().engine()).statements) {
    if (planned.statement.kind != "column" || planned.statement.table != "images")
      continue;
    ++columns;
    CHECK_THAT(planned.statement.sql, Contains("ALGORITHM=INPLACE, LOCK=NONE"));
    CHECK_THAT(planned.statement.cost, Contains("a copy of images"));
  }
  CHECK(columns == 2);
  Reader reader(site);
  expand(site.sql());
  CHECK(reader.end() < milliseconds(1500));
  require_complete(site);
  CHECK(site.get(image, "name") == "image");
  // It is known as ours whatever the table is by then.
  site.sql().execute("ALTER TABLE images ROW_FORMAT=DYNAMIC");
  site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'");
  CHECK(revert_expand(site.sql()).notes.empty());
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE(
    "a server that refuses a change of the dictionary alone is reported, and images is copied once",
    "[online]") {
  GlanceSite site(kQueens);
  if (!is_engine(site, Engine::mysql))
    return;
  const std::string image = site.upload("content");
  // Each column that was ever added that way takes a place, of which there are about a thousand.
  const auto change = [&](const char* verb, const char* type) {
    std::string sql = "ALTER TABLE images ";
    for (int i = 0; i < 200; ++i)
      sql += std::string(verb) + " COLUMN x" + std::to_string(i) + type + ", ";
    return error_of([&] { site.sql().execute(sql + "ALGORITHM=INSTANT"); });
  };
  std::optional<Error> refusal;
  for (int round = 0; round < 10 && !refusal; ++round) {
    refusal = change("ADD", " TINYINT");
    if (!refusal)
      REQUIRE_FALSE(change("DROP", ""));
  }
  REQUIRE(refusal.has_value());
  for (int i = 0;; ++i) {
    REQUIRE(i < 200);
    if (error_of([&] {
          site.sql().execute("ALTER TABLE images ADD COLUMN y TINYINT, ALGORITHM=INSTANT");
        }))
      break;
    site.sql().execute("ALTER TABLE images DROP COLUMN y, ALGORITHM=INSTANT");
  }
  std::string lines;
  ExpandOptions options;
  options.on_wait = [&](const std::string& line) { lines += line + "\n"; };
  Reader reader(site);
  const ExpandPlan done = expand(site.sql(), options);
  CHECK(reader.end() < milliseconds(1500));
  CHECK_THAT(lines,
             Contains("0002_os_hidden, statement 1: the server refused it (") &&
                 Contains("continuing with ALGORITHM=INPLACE, LOCK=NONE, which costs a copy of "
                          "images") &&
                 !Contains("0003_os_hash"));
  std::vector<bool> copies;
  for (const PlannedStatement& planned : done.statements)
    if (planned.statement.kind == "column" && planned.statement.table == "images")
      copies.push_back(planned.statement.sql.find("ALGORITHM=INPLACE") != std::string::npos);
  CHECK(copies == std::vector<bool>{true, false});
  require_complete(site);
  CHECK(site.get(image, "name") == "image");
}

TEST_CASE("what refuses an instant change is known by the numbers of its own server", "[online]") {
  for (const int code : {1845, 1846}) {
    CHECK(refuses_instant(engine_facts(Engine::mysql), code));
    CHECK(refuses_instant(mysql8_facts(), code));
  }
  // Of MySQL these are limits of INSTANT; of MariaDB an unknown view, a sequence and a period.
  for (const int code : {4092, 4093, 4158}) {
    CHECK_FALSE(refuses_instant(engine_facts(Engine::mysql), code));
    CHECK(refuses_instant(mysql8_facts(), code));
  }
  for (const Engine engine : {Engine::sqlite, Engine::postgresql, Engine::mysql})
    CHECK_FALSE(refuses_instant(engine_facts(engine), 0));
}

TEST_CASE("a revert that was killed after any of its statements can be continued", "[online]") {
  GlanceSite first(kQueens);
  if (!first.is_server())
    return;
  const auto before = dump(first.sql());
  std::size_t statements = 1;
  for (std::size_t done = 1; done < statements + 1; ++done) {
    GlanceSite site(kQueens);
    expand(site.sql());
    site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'");
    const ExpandPlan plan = plan_revert(site.sql(), read_schema_state(site.sql()));
    statements = plan.statements.size();
    for (std::size_t i = 0; i < done; ++i)
      site.sql().execute(plan.statements[i].statement.sql);
    INFO("after " << done << " statements");
    CHECK(revert_expand(site.sql()).statements.size() == statements - done);
    REQUIRE(changes(before, dump(site.sql())) == kNone);
  }
  CHECK(statements == 15);
}

TEST_CASE("a revert waits for an open transaction", "[online]") {
  GlanceSite site(kQueens);
  if (!site.is_server())
    return;
  const auto before = dump(site.sql());
  expand(site.sql());
  site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'");
  OpenUpdate glance(site);
  // PostgreSQL drops an index beside others, and says nothing while it waits for older
  // transactions.
  auto ending = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(milliseconds(1500));
    glance.end();
  });
  revert_expand(site.sql());
  ending.get();
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("an uninstall that was killed midway can be continued", "[online]") {
  GlanceSite site("head");
  if (!site.is_server())
    return;
  const auto before = dump(site.sql());
  expand(site.sql());
  for (const char* table : {"backglance_removed", "backglance_signature", "backglance_verify"})
    site.sql().execute(std::string("DROP TABLE ") + table);
  CHECK(uninstall(site.sql()).tables.size() == 8);
  CHECK(changes(before, dump(site.sql())) == kNone);
}
