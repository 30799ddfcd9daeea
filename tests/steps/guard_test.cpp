// SPDX-License-Identifier: Apache-2.0
// The trigger that keeps published hashes: what it holds back, what it lets through, and how it
// comes and goes.
#include "sql/guard.h"

#include <future>
#include <thread>

#include "contract/contract.h"
#include "expand/expand.h"
#include "ledger/runs.h"
#include "sql/journal.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

ExpandOptions guarded() {
  return {.guard = true};
}

GuardState guard_of(GlanceSite& site) {
  return find_guard(read_schema_state(site.sql()), site.sql().engine()).state;
}

std::size_t statements_of_the_guard(GlanceSite& site) {
  return step_statements(site.sql().engine(), kGuardStep, "expand").size();
}

// An image whose hash and checksum were published while Glance had its row in memory.
struct Guarded {
  Guarded() {
    expand(site.sql(), guarded());
    image = site.upload("content");
    site.set(image, "checksum", nullptr);
    old = site.load(image);
    REQUIRE(run_backfill(site).images(ImageResult::hashed) == 1);
  }

  void save(const std::map<std::string, std::optional<std::string>>& changed) {
    GlanceSite::Copy copy = old;
    for (const auto& [column, value] : changed)
      copy.columns[column] = value;
    site.save(copy);
  }

  void require_hashed() {
    REQUIRE(site.get(image, "os_hash_algo") == "sha512");
    REQUIRE(site.get(image, "os_hash_value") == digest_of("sha512", "content"));
    REQUIRE(site.get(image, "checksum") == digest_of("md5", "content"));
  }

  GlanceSite site;
  std::string image;
  GlanceSite::Copy old;
};

// Statements that make a trigger of our name which is not ours.
std::vector<std::string> other_trigger(const GlanceSite& site, const std::string& table) {
  switch (site.database().engine) {
    case Engine::sqlite:
      return {"CREATE TRIGGER backglance_guard AFTER UPDATE ON " + table + " BEGIN SELECT 1; END"};
    case Engine::postgresql:
      return {"CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
              "CREATE TRIGGER backglance_guard BEFORE UPDATE ON " + table +
                  " FOR EACH ROW EXECUTE FUNCTION other()"};
    case Engine::mysql:
      break;
  }
  return {"CREATE TRIGGER backglance_guard BEFORE UPDATE ON " + table +
          " FOR EACH ROW SET NEW.deleted = NEW.deleted"};
}

}  // namespace

TEST_CASE("the guard keeps a published hash when Glance saves the row as it was", "[guard]") {
  Guarded it;
  it.save({{"name", "renamed"}});
  it.require_hashed();
  CHECK(it.site.get(it.image, "name") == "renamed");

  it.save({{"status", "deactivated"}});
  it.require_hashed();
  CHECK(it.site.get(it.image, "status") == "deactivated");
  it.save({});
  it.require_hashed();
  // As Glance's own background hashing leaves the row when it gives up, or has only begun.
  GlanceSite::Copy now = it.site.load(it.image);
  now.columns["os_hash_algo"] = std::nullopt;
  it.site.save(now);
  it.require_hashed();
  now.columns["os_hash_algo"] = "sha512";
  now.columns["os_hash_value"] = std::nullopt;
  it.site.save(now);
  it.require_hashed();
  CHECK(run_sweep(it.site).order.empty());
}

TEST_CASE("the guard lets through what Glance clears and sets on purpose", "[guard]") {
  Guarded it;
  using Columns = std::map<std::string, std::optional<std::string>>;
  const Columns lost = {{"os_hash_algo", std::nullopt}, {"os_hash_value", std::nullopt}};
  const auto saved = [&](Columns changed) {
    const GlanceSite::Copy before = it.site.load(it.image);
    GlanceSite::Copy copy = before;
    for (const auto& [column, value] : changed)
      copy.columns[column] = value;
    it.site.save(copy);
    const GlanceSite::Copy after = it.site.load(it.image);
    CHECK(after.columns == copy.columns);
    it.site.save(before);
    it.require_hashed();
  };
  const auto and_lost = [&](Columns columns) {
    columns.insert(lost.begin(), lost.end());
    return columns;
  };
  // The last location went with a failing import; then the image is queued again.
  saved(and_lost({{"size", std::nullopt}, {"checksum", std::nullopt}}));
  saved(and_lost({{"size", std::nullopt}, {"checksum", std::nullopt}, {"status", "queued"}}));
  for (const char* status :
       {"queued", "saving", "importing", "killed", "pending_delete", "deleted"})
    saved(and_lost({{"status", status}}));
  // Other bytes.
  saved(and_lost({{"size", "8"}}));
  saved(and_lost({{"checksum", digest_of("md5", "other")}}));
  // Another hash, whole or only begun.
  saved({{"os_hash_value", digest_of("sha512", "other")}});
  saved({{"os_hash_algo", "sha256"}, {"os_hash_value", digest_of("sha256", "content")}});
  saved({{"os_hash_algo", "sha256"}, {"os_hash_value", std::nullopt}});
  // By hand.
  saved({{"os_hash_algo", ""}, {"os_hash_value", ""}});
}

TEST_CASE("the guard does not touch an image without a hash, or one that is deleted", "[guard]") {
  Guarded it;
  const std::string fresh = it.site.upload("fresh");
  GlanceSite::Copy copy = it.site.load(fresh);
  copy.columns["os_hash_algo"] = "sha512";  // Glance hashes in the background
  it.site.save(copy);
  CHECK(it.site.load(fresh).columns == copy.columns);
  it.site.sql().execute("UPDATE images SET deleted = {true}, status = 'deleted' WHERE id = :id",
                        {{"id", it.image}});
  it.save({{"status", "deleted"}});
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
}

TEST_CASE("expand makes the guard if it is asked to, once, and notes it", "[guard]") {
  GlanceSite site("queens_contract01");
  expand(site.sql());
  CHECK(guard_of(site) == GuardState::missing);
  const auto without = dump(site.sql(), Part::schema);
  const ExpandPlan planned =
      plan_expand(read_schema_state(site.sql()), site.sql().engine(), guarded());
  CHECK(planned.statements.size() == statements_of_the_guard(site));
  for (const PlannedStatement& one : planned.statements) {
    CHECK_FALSE(one.statement.lock.empty());
    CHECK_FALSE(one.statement.cost.empty());
  }
  CHECK(expand(site.sql(), guarded()).statements.size() == planned.statements.size());
  CHECK(guard_of(site) == GuardState::there);
  for (const PlannedStatement& one : planned.statements)
    CHECK(journal_has(site.sql(), one.step, one.statement.sql));
  CHECK(expand(site.sql(), guarded()).statements.empty());
  CHECK(expand(site.sql()).statements.empty());
  CHECK(guard_of(site) == GuardState::there);

  SECTION("and takes it back alone, whatever the ledger holds") {
    site.upload("content");
    run_backfill(site);
    CHECK(revert_expand(site.sql(), guarded()).statements.size() == planned.statements.size());
    CHECK(changes(without, dump(site.sql(), Part::schema)) == kNone);
    CHECK(revert_expand(site.sql(), guarded()).statements.empty());
    CHECK(live_runs(site.sql()).empty());
  }
  SECTION("and with all else") {
    CHECK_FALSE(revert_expand(site.sql()).statements.empty());
    CHECK(guard_of(site) == GuardState::missing);
  }
  SECTION("and before the columns that it names") {
    site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'");
    revert_expand(site.sql());
    CHECK(guard_of(site) == GuardState::missing);
    CHECK_FALSE(read_schema_state(site.sql()).has_os_hash);
  }
  SECTION("and uninstall drops it") {
    CHECK(plan_uninstall(site.sql()).guard);
    CHECK(uninstall(site.sql()).guard);
    CHECK(guard_of(site) == GuardState::missing);
    CHECK(uninstall(site.sql()).empty());
  }
  SECTION("and uninstall drops one that stands alone") {
    for (const std::string& table : ledger_tables())
      site.sql().execute("DROP TABLE " + table);
    CHECK(uninstall(site.sql()).guard);
    CHECK(guard_of(site) == GuardState::missing);
  }
}

TEST_CASE("expand makes the whole schema and the guard at once", "[guard]") {
  GlanceSite site("queens_contract01");
  const auto before = dump(site.sql());
  CHECK(expand(site.sql(), guarded()).statements.size() ==
        23 - (site.is_server() ? 1 : 0) + statements_of_the_guard(site));
  CHECK(guard_of(site) == GuardState::there);
  site.sql().execute("DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'");
  revert_expand(site.sql());
  const Dump left = changes(before, dump(site.sql()));
  CHECK(left == kNone);
}

TEST_CASE("a trigger of the guard's name with another body is refused, and stays", "[guard]") {
  GlanceSite site("head");
  expand(site.sql());
  std::string table = "images";
  SECTION("on images") {}
  SECTION("on another table") {
    table = "image_tags";
  }
  for (const std::string& statement : other_trigger(site, table))
    site.sql().execute(statement);
  const auto before = dump(site.sql(), Part::schema);
  CHECK(guard_of(site) == GuardState::foreign);
  for (const auto& verb : std::vector<std::function<void()>>{
           [&] { expand(site.sql(), guarded()); },
           [&] { revert_expand(site.sql(), guarded()); },
           [&] { revert_expand(site.sql()); },
           [&] { uninstall(site.sql()); },
       }) {
    const Error error = required_error(verb);
    CHECK(error.kind() == ErrorKind::schema_state);
    CHECK_THAT(error.what(), Contains("trigger backglance_guard has: ") &&
                                 Contains("; backglance's has: ") &&
                                 Contains("nothing was changed"));
    CHECK(changes(before, dump(site.sql(), Part::schema)) == kNone);
  }
  CHECK(expand(site.sql()).statements.empty());
}

TEST_CASE("a guard that was switched off is not ours, and half of one is completed", "[guard]") {
  GlanceSite site("head");
  if (site.database().engine != Engine::postgresql)
    return;
  expand(site.sql(), guarded());
  site.sql().execute("ALTER TABLE images DISABLE TRIGGER backglance_guard");
  CHECK(guard_of(site) == GuardState::foreign);
  CHECK_THAT(required_error([&] { expand(site.sql(), guarded()); }).what(),
             Contains("(switched off)"));
  site.sql().execute("ALTER TABLE images ENABLE TRIGGER backglance_guard");
  CHECK(guard_of(site) == GuardState::there);
  site.sql().execute("DROP TRIGGER backglance_guard ON images");
  CHECK(guard_of(site) == GuardState::missing);
  CHECK(expand(site.sql(), guarded()).statements.size() == 1);
  site.sql().execute("DROP TRIGGER backglance_guard ON images");
  CHECK(uninstall(site.sql()).guard);
  site.sql().execute(
      "CREATE FUNCTION backglance_guard() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN OLD; END'");
  CHECK_THAT(required_error([&] { expand(site.sql(), guarded()); }).what(),
             Contains("function backglance_guard has: "));
}

TEST_CASE("the guard waits for an open transaction, and says whose", "[guard]") {
  GlanceSite site("head");
  if (!site.is_server())
    return;
  site.upload("content");
  expand(site.sql());
  Session glance = site.open();
  std::optional<Transaction> open(std::in_place, glance);
  glance.execute("UPDATE images SET name = 'a secret name'");
  std::vector<std::string> waits;
  ExpandOptions options = guarded();
  options.on_wait = [&](const std::string& line) {
    waits.push_back(line);
    if (waits.size() == 2)
      open->commit();
  };
  const auto has_waited = [&] {
    REQUIRE(waits.size() >= 2);
    CHECK_THAT(waits[0], Contains("images is in use") && Contains("pid ") && !Contains("secret"));
    waits.clear();
  };
  expand(site.sql(), options);
  has_waited();
  CHECK(guard_of(site) == GuardState::there);

  open.emplace(glance);
  glance.execute("UPDATE images SET name = 'a secret name'");
  uninstall(site.sql(), options.on_wait);
  has_waited();
  CHECK(guard_of(site) == GuardState::missing);
}

TEST_CASE("a role that may not create triggers gets a one-line error", "[guard]") {
  GlanceSite site("head");
  if (!site.is_server())
    return;
  expand(site.sql());
  DatabaseUrl url = site.database();
  const bool postgresql = url.engine == Engine::postgresql;
  const std::string role = "poor_" + url.database;
  const std::string account = postgresql ? role : role + "@'127.0.0.1'";
  site.sql().execute("CREATE USER " + account +
                     (postgresql ? " PASSWORD 'p'" : " IDENTIFIED BY 'p'"));
  for (const std::string& right :
       postgresql
           ? std::vector<
                 std::string>{"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
                              "USAGE ON ALL SEQUENCES IN SCHEMA public", "CREATE ON SCHEMA public"}
           : std::vector<std::string>{
                 "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `" + url.database +
                 "`.*"})
    site.sql().execute("GRANT " + right + " TO " + account);
  url.user = role;
  url.password = "p";
  {
    Session poor(url);
    const Error error = required_error([&] { expand(poor, guarded()); });
    CHECK_THAT(error.what(), Contains("0004_guard, statement ") && Contains("denied"));
    CHECK_THAT(error.what(), !Contains("\n"));
    CHECK(guard_of(site) == GuardState::missing);
    CHECK(live_runs(site.sql()).empty());
  }
  if (postgresql)
    site.sql().execute("DROP OWNED BY " + role);
  site.sql().execute("DROP USER " + account);
}
