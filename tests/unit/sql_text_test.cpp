// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "base/image_result.h"
#include "expand/expand.h"
#include "sql/guard.h"
#include "sql/ledger_steps.h"
#include "sql/rights.h"
#include "sql/text.h"

using namespace backglance;

namespace {

const EngineFacts& sqlite() {
  return engine_facts(Engine::sqlite);
}

}  // namespace

TEST_CASE("the words in braces become the engine's own, others stay") {
  CHECK(in_dialect("a = {true} AND b <> {false}", sqlite()) == "a = 1 AND b <> 0");
  CHECK(in_dialect("{unknown} {", sqlite()) == "{unknown} {");
  CHECK(in_dialect("{now}", sqlite()).find("strftime") != std::string::npos);
}

TEST_CASE("a step's file is split into single statements that say what they make") {
  const auto statements = step_statements(sqlite(), "0003_os_hash", "expand");
  REQUIRE(statements.size() == 5);
  CHECK(statements[0].kind == "column");
  CHECK(statements[0].table == "images");
  CHECK(statements[0].name == "os_hash_algo");
  CHECK(statements[0].sql == "ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64)");
  CHECK(statements[3].replaces == "rocky_expand01");
  CHECK(statements[4].number == 5);
}

TEST_CASE("every step has its files, and every statement of expand its lock and its cost") {
  for (const Engine engine : {Engine::sqlite, Engine::postgresql, Engine::mysql}) {
    std::set<std::string> ids;
    for (const std::string& step : expand_steps()) {
      CHECK(ids.insert(step).second);
      for (const StepStatement& statement : step_statements(engine_facts(engine), step, "expand")) {
        INFO(statement.sql);
        CHECK_FALSE(statement.kind.empty());
        CHECK_FALSE(statement.lock.empty());
        CHECK_FALSE(statement.cost.empty());
        const bool has_body = statement.kind == "trigger" || statement.kind == "function";
        CHECK((has_body || statement.sql.find(';') == std::string::npos));
      }
    }
  }
}

TEST_CASE("the steps of the ledger are found by the tables that they make or change") {
  const auto& steps = ledger_steps();
  REQUIRE(steps.size() >= 2);
  CHECK(steps[0] == kLedgerStep);
  CHECK(steps[1] == "0005_ledger_version");
  for (const std::string_view other : {kOsHiddenStep, kOsHashStep, kGuardStep})
    CHECK(std::find(steps.begin(), steps.end(), other) == steps.end());
}

TEST_CASE("each step of the ledger but the first ends with the next version") {
  for (const Engine engine : {Engine::sqlite, Engine::postgresql, Engine::mysql}) {
    int version = 1;
    for (const std::string& step : ledger_steps()) {
      const auto statements = step_statements(engine_facts(engine), step, "expand");
      const auto versions =
          std::count_if(statements.begin(), statements.end(),
                        [](const StepStatement& statement) { return statement.kind == "ledger"; });
      if (step == kLedgerStep) {
        CHECK(versions == 0);
        continue;
      }
      CHECK(versions == 1);
      CHECK(statements.back().kind == "ledger");
      CHECK(statements.back().name == std::to_string(++version));
    }
    CHECK(known_ledger_version() == version);
  }
}

TEST_CASE("every engine has the same tables of the ledger, and drops each of them") {
  for (const Engine engine : {Engine::sqlite, Engine::postgresql, Engine::mysql}) {
    std::vector<std::string> made;
    Catalog catalog;
    for (const std::string& step : ledger_steps())
      for (const StepStatement& statement : step_statements(engine_facts(engine), step, "expand"))
        if (statement.kind == "table") {
          made.push_back(statement.table);
          catalog[statement.table];
        }
    CHECK(made == ledger_tables());
    const auto removal = ledger_removal(catalog, engine_facts(engine));
    std::set<std::string> dropped;
    for (const LedgerRemoval& one : removal)
      CHECK(dropped.insert(one.statement.table).second);
    CHECK(dropped == std::set<std::string>(made.begin(), made.end()));
    CHECK(removal.back().statement.table == "backglance_step");
  }
}

TEST_CASE("a table of the ledger is ours with the columns of this version or an earlier one") {
  const auto statements = step_statements(sqlite(), kLedgerStep, "expand");
  const StepStatement& journal = statements.front();
  REQUIRE(journal.table == "backglance_step");
  Catalog catalog;
  CHECK(table_difference(catalog, journal).empty());
  auto& columns = catalog["backglance_step"].columns;
  for (const char* name : {"id", "step", "statement", "sql_digest", "sql_text", "started_at",
                           "finished_at", "outcome"}) {
    CHECK_FALSE(table_difference(catalog, journal).empty());
    columns.push_back({name, "text", true, std::nullopt});
  }
  CHECK(table_difference(catalog, journal).empty());
  columns.push_back({"program", "text", true, std::nullopt});
  CHECK(table_difference(catalog, journal).empty());
  columns.push_back({"of_somebody", "text", true, std::nullopt});
  CHECK(table_difference(catalog, journal).find("of_somebody") != std::string::npos);
  columns.erase(columns.begin());
  CHECK_FALSE(table_difference(catalog, journal).empty());
}

TEST_CASE("a ledger that lacks a table, a column or an index is not whole") {
  Catalog whole;
  for (const std::string& step : ledger_steps())
    for (const StepStatement& statement : step_statements(sqlite(), step, "expand")) {
      CatalogTable& table = whole[statement.table];
      for (const std::string& name : statement.names) {
        if (statement.kind == "column")
          table.columns.push_back({name, "text", true, std::nullopt});
        if (statement.kind == "index")
          table.indexes.push_back({name, {"state"}});
      }
    }
  CHECK(has_whole_ledger(whole));
  int indexes = 0;
  for (const auto& [name, table] : whole) {
    Catalog without = whole;
    without.erase(name);
    CHECK_FALSE(has_whole_ledger(without));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      without = whole;
      without[name].columns.erase(without[name].columns.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK_FALSE(has_whole_ledger(without));
    }
    for (std::size_t i = 0; i < table.indexes.size(); ++i, ++indexes) {
      without = whole;
      without[name].indexes.erase(without[name].indexes.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK_FALSE(has_whole_ledger(without));
      without = whole;
      without[name].indexes[i].valid = false;
      CHECK_FALSE(has_whole_ledger(without));
    }
  }
  CHECK(indexes > 0);
}

TEST_CASE("a function's body is one statement with its semicolons") {
  const auto statements = step_statements(engine_facts(Engine::postgresql), "0004_guard", "expand");
  REQUIRE(statements.size() == 2);
  CHECK(statements[0].kind == "function");
  CHECK(statements[0].name == "backglance_guard");
  CHECK(statements[0].sql.find("RETURN NEW;") != std::string::npos);
  CHECK(statements[0].sql.ends_with("$body$"));
  CHECK(statements[1].kind == "trigger");
  CHECK(statements[1].table == "images");
}

TEST_CASE("a statement of a step needs the rights on the object that it changes, and no others") {
  // By the kind of object and whose table it is. MySQL adds an index with ALTER TABLE.
  const auto expected = [](const StepStatement& statement) {
    const bool of_ledger = statement.table.starts_with("backglance_");
    if (statement.kind == "table" || statement.kind == "function")
      return RightsFor::tables;
    if (statement.kind == "trigger")
      return RightsFor::guard;
    if (statement.kind == "revision")
      return RightsFor::revision;
    if (statement.kind == "ledger")
      return RightsFor::rows;
    if (statement.kind == "index" && statement.sql.starts_with("CREATE "))
      return of_ledger ? RightsFor::ledger_index : RightsFor::images_index;
    return of_ledger ? RightsFor::ledger : RightsFor::images;
  };
  for (const Engine engine : {Engine::sqlite, Engine::postgresql, Engine::mysql})
    for (const std::string& step : expand_steps())
      for (const StepStatement& statement : step_statements(engine_facts(engine), step, "expand")) {
        INFO(statement.sql);
        CHECK(rights_for(statement.sql) == expected(statement));
      }
  CHECK(rights_for("DROP TABLE backglance_item") == RightsFor::ledger);
  CHECK(rights_for("DROP TRIGGER backglance_guard ON images") == RightsFor::images);
  CHECK(rights_for("DROP FUNCTION backglance_guard()") == RightsFor::images);
  CHECK(rights_for("\n SELECT version_num FROM alembic_version") == RightsFor::rows);
  CHECK(rights_for("UPDATE images SET size = 1") == RightsFor::rows);
}

TEST_CASE("the digest of a statement is its SHA-256") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("every result has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ImageResult::gone); ++i) {
    const auto image_result = static_cast<ImageResult>(i);
    CHECK(names.insert(result_name(image_result)).second);
    CHECK(result_from_name(result_name(image_result)) == image_result);
  }
  CHECK_FALSE(result_from_name("no such class"));
}
