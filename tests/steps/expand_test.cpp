// SPDX-License-Identifier: Apache-2.0
#include "expand/expand.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/stop.h"
#include "ledger/runs.h"
#include "sql/journal.h"
#include "tests/steps/glance_site.h"

using namespace backglance;

namespace {

// Rows to start from, and those at which Glance's own Rocky steps would leave such a database.
struct Start {
  std::string rows;
  std::string reference;
};

std::vector<Start> starts() {
  return {{"queens_contract01", "queens_contract01+rocky_expand02"},
          {"queens_contract01+rocky_expand01", "queens_contract01+rocky_expand02"},
          {"rocky_contract01", "rocky_contract01+rocky_expand02"},
          {"rocky_contract01+rocky_expand02", "rocky_contract01+rocky_expand02"},
          {"rocky_contract02", "rocky_contract02"},
          {"head", "head"}};
}

std::vector<CatalogColumn> by_name(std::vector<CatalogColumn> columns) {
  std::sort(columns.begin(), columns.end(),
            [](const CatalogColumn& a, const CatalogColumn& b) { return a.name < b.name; });
  return columns;
}

// The same columns and indexes of images, and the same rows of alembic_version.
void require_like(GlanceSite& site, const std::string& reference_rows) {
  GlanceSite reference(reference_rows);
  const CatalogTable there = read_catalog(site.sql()).at("images");
  const CatalogTable wanted = read_catalog(reference.sql()).at("images");
  REQUIRE(by_name(there.columns) == by_name(wanted.columns));
  REQUIRE(there.indexes == wanted.indexes);
  REQUIRE(site.revision_rows() == reference.revision_rows());
  REQUIRE(read_schema_state(site.sql()).has_ledger);
}

std::vector<std::string> texts(const ExpandPlan& plan) {
  std::vector<std::string> all;
  for (const PlannedStatement& planned : plan.statements)
    all.push_back(planned.step + ": " + planned.statement.sql);
  return all;
}

ExpandPlan plan_of(GlanceSite& site, const ExpandOptions& options = {}) {
  return plan_expand(read_schema_state(site.sql()), site.sql().engine(), options);
}

}  // namespace

TEST_CASE("expand brings every start to the schema that Glance itself makes", "[expand]") {
  for (const Start& start : starts()) {
    DYNAMIC_SECTION(start.rows) {
      GlanceSite site(start.rows);
      const std::vector<std::string> planned = texts(plan_of(site));
      const ExpandPlan done = expand(site.sql());
      CHECK(texts(done) == planned);
      CHECK(done.notes.empty());
      require_like(site, start.reference);
      // In Glance's own order as well, where nothing was half done.
      GlanceSite reference(start.reference);
      CHECK(read_catalog(site.sql()).at("images").columns ==
            read_catalog(reference.sql()).at("images").columns);
    }
  }
}

TEST_CASE("a second expand does nothing", "[expand]") {
  for (const Start& start : starts()) {
    DYNAMIC_SECTION(start.rows) {
      GlanceSite site(start.rows);
      REQUIRE_FALSE(expand(site.sql()).statements.empty());
      const auto before = dump(site.sql());
      CHECK(plan_of(site).statements.empty());
      CHECK(expand(site.sql()).statements.empty());
      CHECK(changes(before, dump(site.sql())) == kNone);
    }
  }
}

TEST_CASE("a plan changes nothing", "[expand]") {
  GlanceSite site("queens_contract01");
  const auto before = dump(site.sql());
  // Servers add both hash columns at once.
  CHECK(plan_of(site).statements.size() == (site.is_server() ? 22 : 23));
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("expand completes what is half done", "[expand]") {
  struct HalfDone {
    const char* what;
    const char* start;
    const char* reference;
    std::vector<std::string> mangle;
    bool noted = true;
  };
  const std::string hidden =
      "ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT {false} NOT NULL";
  const std::string hidden_index = "CREATE INDEX os_hidden_image_idx ON images (os_hidden)";
  const std::string algo = "ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64)";
  const std::string value = "ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(128)";
  const std::string value_index = "CREATE INDEX os_hash_value_image_idx ON images (os_hash_value)";
  const char* queens = "queens_contract01";
  const char* queens_hashed = "queens_contract01+rocky_expand02";
  const char* rocky01 = "rocky_contract01";
  const char* rocky01_hashed = "rocky_contract01+rocky_expand02";
  const std::vector<HalfDone> cases = {
      {"os_hidden without its index", queens, queens_hashed, {hidden}},
      {"os_hidden and its index without the row", queens, queens_hashed, {hidden, hidden_index}},
      {"the algorithm without the value", queens, queens_hashed, {algo}},
      {"the value without the algorithm", queens, queens_hashed, {value}},
      {"the value and its index without the algorithm",
       rocky01,
       rocky01_hashed,
       {value, value_index}},
      {"both hash columns without the index", rocky01, rocky01_hashed, {algo, value}},
      {"the hash columns and their index without the row",
       rocky01,
       rocky01_hashed,
       {algo, value, value_index}},
      {"everything without the rows",
       queens,
       queens_hashed,
       {hidden, hidden_index, algo, value, value_index}},
      {"one of our tables alone",
       "rocky_contract02",
       "rocky_contract02",
       {"CREATE TABLE backglance_verify (image_id VARCHAR(36) NOT NULL PRIMARY KEY, result "
        "VARCHAR(24) NOT NULL, reason TEXT, bytes_read BIGINT NOT NULL, run_id VARCHAR(36) NOT "
        "NULL, verified_at BIGINT NOT NULL)"},
       false},
  };
  for (const HalfDone& half : cases) {
    DYNAMIC_SECTION(half.what) {
      GlanceSite site(half.start);
      for (const std::string& statement : half.mangle)
        site.change_schema(statement);
      const ExpandPlan done = expand(site.sql());
      CHECK(done.notes.empty() != half.noted);
      require_like(site, half.reference);
      CHECK(expand(site.sql()).statements.empty());
    }
  }
}

TEST_CASE("expand completes after any number of its statements", "[expand]") {
  // As a kill leaves an engine that commits each statement of DDL by itself.
  std::size_t statements = 0;
  {
    GlanceSite site("queens_contract01");
    statements = plan_of(site).statements.size();
  }
  for (std::size_t done = 0; done <= statements; ++done) {
    GlanceSite site("queens_contract01");
    const ExpandPlan plan = plan_of(site);
    for (std::size_t i = 0; i < done; ++i)
      site.sql().execute(plan.statements[i].statement.sql);
    INFO("after " << done << " statements");
    expand(site.sql());
    require_like(site, "queens_contract01+rocky_expand02");
    REQUIRE(plan_of(site).statements.empty());
  }
}

TEST_CASE("expand completes what a process left that died within a step", "[expand]") {
  GlanceSite site("queens_contract01");
  const ExpandPlan plan = plan_of(site);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // The ledger is committed; within the transaction of the next step the process ends.
    Session session = site.open();
    for (const PlannedStatement& planned : plan.statements) {
      if (planned.step == "0002_os_hidden" && planned.statement.kind == "column" &&
          !session.engine().online_ddl)
        session.execute(session.engine().begin_write);
      session.execute(planned.statement.sql);
      if (planned.statement.kind == "revision")
        _exit(42);
    }
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 42);
  CHECK(read_schema_state(site.sql()).has_os_hidden == site.sql().engine().online_ddl);
  expand(site.sql());
  require_like(site, "queens_contract01+rocky_expand02");
}

TEST_CASE("a step that fails midway leaves nothing of itself, and the next expand completes",
          "[expand]") {
  GlanceSite site("queens_contract01");
  site.refuse_inserts("alembic_version");
  const auto glance = dump(site.sql(), Part::glance);
  const Error error = required_error([&] { expand(site.sql()); });
  CHECK(error.kind() == ErrorKind::sql);
  CHECK(std::string(error.what()).find("0002_os_hidden") != std::string::npos);
  // Where each statement stands by itself, what was added stays and harms nobody.
  if (!site.sql().engine().online_ddl)
    CHECK(changes(glance, dump(site.sql(), Part::glance)) == kNone);
  CHECK(read_schema_state(site.sql()).has_ledger);
  CHECK(live_runs(site.sql()).empty());
  site.accept_inserts("alembic_version");
  expand(site.sql());
  require_like(site, "queens_contract01+rocky_expand02");
}

TEST_CASE("expand stops on request between two steps, and continues later", "[expand]") {
  GlanceSite site("queens_contract01");
  request_stop();
  const Error error = required_error([&] { expand(site.sql()); });
  reset_stop();
  CHECK(error.kind() == ErrorKind::interrupted);
  expand(site.sql());
  require_like(site, "queens_contract01+rocky_expand02");
}

TEST_CASE("the journal holds every statement with its text and its digest", "[expand]") {
  GlanceSite site("queens_contract01");
  const ExpandPlan done = expand(site.sql());
  const auto notes = site.sql().rows(
      "SELECT step, statement, sql_text, sql_digest, outcome, started_at, finished_at "
      "FROM backglance_step ORDER BY id");
  REQUIRE(notes.size() == done.statements.size());
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const PlannedStatement& planned = done.statements[i];
    CHECK(notes[i].text_or_empty(0) == planned.step);
    CHECK(notes[i].integer(1) == planned.statement.number);
    CHECK(notes[i].text_or_empty(2) == planned.statement.sql);
    CHECK(notes[i].text_or_empty(3) == digest_of("sha256", planned.statement.sql));
    CHECK(notes[i].text_or_empty(4) == "done");
    CHECK(notes[i].integer(5).value() > 1'500'000'000);
    CHECK(notes[i].integer(6).value() >= notes[i].integer(5).value());
    CHECK(journal_has(site.sql(), planned.step, planned.statement.sql));
  }
  CHECK_FALSE(journal_has(site.sql(), "0003_os_hash", "DROP TABLE images"));
  const auto runs = recent_runs(site.sql(), 5);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].command == "expand");
  CHECK(runs[0].outcome == "done");
}

TEST_CASE("the plan says what each statement makes, locks and costs", "[expand]") {
  GlanceSite site("queens_contract01");
  for (const PlannedStatement& planned : plan_of(site).statements) {
    INFO(planned.statement.sql);
    CHECK_FALSE(planned.statement.lock.empty());
    CHECK_FALSE(planned.statement.cost.empty());
    CHECK_FALSE(planned.statement.name.empty());
  }
}

TEST_CASE("writers of an old Glance continue during expand", "[expand]") {
  GlanceSite site("queens_contract01");
  const std::string before = site.upload("uploaded before");
  expand(site.sql());
  const std::string after = site.upload("uploaded after");
  for (const std::string& id : {before, after}) {
    CHECK_FALSE(site.is_true(id, "os_hidden"));
    CHECK(site.get(id, "os_hash_algo") == std::nullopt);
    CHECK(site.get(id, "os_hash_value") == std::nullopt);
  }
  // An old Glance that renames an image knows nothing of the hash and leaves it alone.
  site.set(before, "os_hash_value", std::string("abc"));
  site.set(before, "name", std::string("renamed"));
  CHECK(site.get(before, "os_hash_value") == "abc");
}

TEST_CASE("writers of a new Glance work after expand", "[expand]") {
  GlanceSite site("queens_contract01");
  expand(site.sql());
  site.sql().execute(
      "INSERT INTO images (id, name, status, created_at, deleted, min_disk, min_ram, protected, "
      "visibility, os_hidden, os_hash_algo, os_hash_value) VALUES ('new', 'new', 'active', "
      "'2020-01-01 00:00:00.000000', {false}, 0, 0, {false}, 'shared', {true}, 'sha512', :value)",
      {{"value", std::string(128, 'f')}});
  CHECK(site.is_true("new", "os_hidden"));
  CHECK(site.get("new", "os_hash_value") == std::string(128, 'f'));
}

TEST_CASE("expand waits for no other run of ours and touches nothing beside one", "[expand]") {
  GlanceSite site("rocky_contract01");
  expand(site.sql());
  // Somebody drops the index while its row stays: there is something to repair.
  site.drop_index("images", "os_hash_value_image_idx");
  Session other = site.open();
  const Run run(other, "backfill");
  const auto before = dump(site.sql(), Part::schema);
  CHECK(required_error([&] { expand(site.sql(), {.repair = true}); }).kind() == ErrorKind::locked);
  CHECK(changes(before, dump(site.sql(), Part::schema)) == kNone);
}
