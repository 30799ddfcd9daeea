// SPDX-License-Identifier: Apache-2.0
#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "migrate/migrate.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

// An operator who has come to think better of it.
void stamp_back(GlanceSite& site) {
  REQUIRE(site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'") ==
          1);
}

std::string notes_of(const ExpandPlan& plan) {
  std::string all;
  for (const std::string& note : plan.notes)
    all += note + "\n";
  return all;
}

}  // namespace

TEST_CASE("a revert drops our tables and keeps what a revision row promises", "[revert]") {
  GlanceSite site("queens_contract01");
  const std::string image = site.upload("content");
  expand(site.sql());
  const auto glance = dump(site.sql(), Part::glance);
  const ExpandPlan done = revert_expand(site.sql());
  CHECK_THAT(notes_of(done), Contains("os_hash_value") && Contains("os_hidden") &&
                                 Contains("rocky_expand02") && Contains("promises"));
  CHECK(changes(glance, dump(site.sql())) == kNone);

  SECTION("a second revert does nothing") {
    const ExpandPlan again = revert_expand(site.sql());
    CHECK(again.statements.empty());
    CHECK_FALSE(again.notes.empty());
    CHECK(changes(glance, dump(site.sql())) == kNone);
  }
  SECTION("expand comes again") {
    CHECK_FALSE(expand(site.sql()).statements.empty());
    CHECK(read_schema_state(site.sql()).has_ledger);
    CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
    CHECK(site.get(image, "os_hash_value") == digest_of("sha512", "content"));
  }
}

TEST_CASE("a revert removes everything once nothing is promised, and leaves no trace", "[revert]") {
  GlanceSite site("queens_contract01");
  site.upload("content");
  const auto before = dump(site.sql());
  for (int round = 0; round < 2; ++round) {
    expand(site.sql());
    stamp_back(site);
    const ExpandPlan planned = plan_revert(site.sql(), read_schema_state(site.sql()));
    const ExpandPlan done = revert_expand(site.sql());
    CHECK(done.statements.size() == planned.statements.size());
    CHECK(done.notes.empty());
    CHECK(changes(before, dump(site.sql())) == kNone);
  }
  CHECK(revert_expand(site.sql()).statements.empty());
}

TEST_CASE("a revert from rocky_contract01 keeps os_hidden, which that row promises", "[revert]") {
  GlanceSite site("rocky_contract01");
  const auto before = dump(site.sql());
  expand(site.sql());
  stamp_back(site);
  CHECK_THAT(notes_of(revert_expand(site.sql())), Contains("os_hidden"));
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("a revert keeps columns that have values", "[revert]") {
  GlanceSite site("queens_contract01");
  const std::string image = site.upload("content");
  expand(site.sql());
  stamp_back(site);
  SECTION("a hash") {
    site.set(image, "os_hash_value", std::string("aa"));
    CHECK_THAT(notes_of(revert_expand(site.sql())), Contains("have values"));
    const SchemaState state = read_schema_state(site.sql());
    CHECK(state.has_os_hash);
    CHECK_FALSE(state.has_os_hidden);
    CHECK_FALSE(state.has_ledger);
    CHECK(site.get(image, "os_hash_value") == "aa");
  }
  SECTION("an algorithm alone") {
    site.set(image, "os_hash_algo", std::string("sha512"));
    revert_expand(site.sql());
    CHECK(site.get(image, "os_hash_algo") == "sha512");
  }
  SECTION("a hidden image") {
    site.set(image, "os_hidden", std::int64_t{1});
    CHECK_THAT(notes_of(revert_expand(site.sql())), Contains("os_hidden"));
    const SchemaState state = read_schema_state(site.sql());
    CHECK_FALSE(state.has_os_hash);
    CHECK(site.is_true(image, "os_hidden"));
  }
}

TEST_CASE("a revert keeps columns that somebody else made", "[revert]") {
  GlanceSite site("queens_contract01+rocky_expand02");
  expand(site.sql());
  stamp_back(site);
  const auto glance = dump(site.sql(), Part::glance);
  CHECK_THAT(notes_of(revert_expand(site.sql())), Contains("journal"));
  CHECK(changes(glance, dump(site.sql())) == kNone);
}

TEST_CASE("a revert keeps a step that somebody else made in part", "[revert]") {
  GlanceSite site("queens_contract01");
  site.sql().execute("ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64)");
  expand(site.sql());
  stamp_back(site);
  CHECK_THAT(notes_of(revert_expand(site.sql())), Contains("journal"));
  const SchemaState state = read_schema_state(site.sql());
  CHECK(state.has_os_hash);
  CHECK_FALSE(state.has_os_hidden);
}

TEST_CASE("a revert refuses while the ledger holds data that would be lost", "[revert]") {
  GlanceSite site("rocky_contract02");
  const std::string image = site.upload("content");
  expand(site.sql());
  const auto refused = [&] {
    const auto before = dump(site.sql(), Part::schema);
    const Error error = required_error([&] { revert_expand(site.sql()); });
    CHECK(error.kind() == ErrorKind::gate);
    CHECK(error.next() == "backglance contract --uninstall");
    CHECK(changes(before, dump(site.sql(), Part::schema)) == kNone);
    CHECK(live_runs(site.sql()).empty());
  };
  SECTION("a result") {
    run_backfill(site);
    refused();
  }
  SECTION("a flag with its date") {
    site.add_properties(image, {"signature", "signature_hash_method"});
    migrate(site.sql(), {});
    refused();
  }
  SECTION("a removed property") {
    site.sql().execute(
        "INSERT INTO backglance_removed (property_id, image_id, name, deleted_at, run_id, "
        "removed_at) VALUES (1, 'x', 'signature', '2020', 'run', 1)");
    refused();
  }
  SECTION("but not for a queue of which nothing was read") {
    migrate(site.sql(), {});
    REQUIRE(QueueFigures(site.sql()).queued().images == 1);
    CHECK_FALSE(revert_expand(site.sql()).statements.empty());
    CHECK_FALSE(read_schema_state(site.sql()).has_ledger);
  }
}

TEST_CASE("a revert refuses while another run is at work", "[revert]") {
  GlanceSite site("rocky_contract02");
  expand(site.sql());
  Session other = site.open();
  const Run run(other, "backfill");
  CHECK(required_error([&] { revert_expand(site.sql()); }).kind() == ErrorKind::locked);
  CHECK(read_schema_state(site.sql()).has_ledger);
}
