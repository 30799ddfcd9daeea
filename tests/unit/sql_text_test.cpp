// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "base/image_result.h"
#include "expand/expand.h"
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

TEST_CASE("the digest of a statement is its SHA-256") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("every class of result has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ReadClass::gone); ++i) {
    const auto read_class = static_cast<ReadClass>(i);
    CHECK(names.insert(read_class_name(read_class)).second);
    CHECK(read_class_from_name(read_class_name(read_class)) == read_class);
  }
  CHECK_FALSE(read_class_from_name("no such class"));
}
