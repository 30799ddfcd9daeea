// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "expand/expand.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

// plan and expand, with --repair or without, refuse with the same reason and change nothing.
Error required_refusal(GlanceSite& site, bool repair_too = true) {
  const auto before = dump(site.sql());
  Error error = required_error([&] { expand(site.sql()); });
  CHECK(error.kind() == ErrorKind::schema_state);
  const SchemaState state = read_schema_state(site.sql());
  CHECK(std::string(required_error([&] { plan_expand(state, site.sql().engine()); }).what()) ==
        error.what());
  if (repair_too)
    CHECK(required_error([&] { expand(site.sql(), {.repair = true}); }).kind() ==
          ErrorKind::schema_state);
  CHECK(changes(before, dump(site.sql())) == kNone);
  return error;
}

void set_rows(GlanceSite& site, const std::vector<std::string>& rows) {
  site.sql().execute("DELETE FROM alembic_version");
  for (const std::string& row : rows)
    site.sql().execute("INSERT INTO alembic_version (version_num) VALUES (:row)", {{"row", row}});
}

}  // namespace

TEST_CASE("a promised column that is missing is refused, and added by --repair", "[expand]") {
  struct Broken {
    const char* what;
    const char* start;
    std::vector<std::string> mangle;
    std::vector<std::string> missing;
  };
  const std::vector<Broken> cases = {
      {"row rocky_expand02 alone, by a hand that stamped it",
       "queens_contract01",
       {"INSERT INTO alembic_version (version_num) VALUES ('rocky_expand02')"},
       {"os_hidden"}},
      {"row rocky_expand01 without its column",
       "queens_contract01",
       {"INSERT INTO alembic_version (version_num) VALUES ('rocky_expand01')"},
       {"column os_hidden", "index os_hidden_image_idx"}},
      {"the hash columns dropped",
       "rocky_contract02",
       {"DROP INDEX os_hash_value_image_idx", "ALTER TABLE images DROP COLUMN os_hash_value",
        "ALTER TABLE images DROP COLUMN os_hash_algo"},
       {"column os_hash_algo", "column os_hash_value", "index os_hash_value_image_idx"}},
      {"one hash column dropped",
       "rocky_contract02",
       {"ALTER TABLE images DROP COLUMN os_hash_algo"},
       {"column os_hash_algo"}},
      {"the index dropped",
       "head",
       {"DROP INDEX os_hash_value_image_idx"},
       {"index os_hash_value_image_idx"}},
      {"the index of os_hidden dropped",
       "rocky_contract01",
       {"DROP INDEX os_hidden_image_idx"},
       {"index os_hidden_image_idx"}},
  };
  for (const Broken& broken : cases) {
    DYNAMIC_SECTION(broken.what) {
      GlanceSite site(broken.start);
      for (const std::string& statement : broken.mangle)
        site.change_schema(statement);
      const Error error = required_refusal(site, /*repair_too=*/false);
      for (const std::string& name : broken.missing)
        CHECK_THAT(error.what(), Contains(name));
      CHECK(error.next() == "backglance expand --repair");

      const ExpandPlan done = expand(site.sql(), {.repair = true});
      CHECK_FALSE(done.notes.empty());
      GlanceSite reference("head");
      CHECK(read_catalog(site.sql()).at("images").indexes ==
            read_catalog(reference.sql()).at("images").indexes);
      const SchemaState state = read_schema_state(site.sql());
      CHECK((state.has_os_hash && state.has_os_hidden && state.has_ledger));
      CHECK(expand(site.sql()).statements.empty());
    }
  }
}

TEST_CASE(
    "an object that has one of our names but another definition is refused, and both are shown",
    "[expand]") {
  struct Conflict {
    const char* what;
    const char* start;
    std::vector<std::string> mangle;
    std::vector<std::string> shown;
    bool on_global_names = false;  // only where an index's name is taken in the whole database
    bool partial = false;          // which MariaDB has as an index on the begin of a value
  };
  const char* queens = "queens_contract01";
  const std::string algo = "ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64)";
  const std::string value = "ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(128)";
  const std::vector<Conflict> cases = {
      {"a shorter type",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(32)"},
       {"os_hash_algo", "{varchar}(32)", "{varchar}(64)"}},
      {"another type",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hash_value TEXT"},
       {"os_hash_value", "text", "{varchar}(128)"}},
      {"a default",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64) DEFAULT 'sha512'"},
       {"os_hash_algo", "default 'sha512'", "default none"}},
      {"a default that is the word NULL",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64) DEFAULT 'NULL'"},
       {"os_hash_algo", "default none"}},
      {"not null",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(128) DEFAULT '' NOT NULL"},
       {"os_hash_value", "not null", "nullable"}},
      {"os_hidden nullable",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT {false}"},
       {"os_hidden", "nullable", "not null"}},
      {"os_hidden with another default",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT {true} NOT NULL"},
       {"os_hidden", "default {true}", "default {false}"}},
      {"os_hidden of another type",
       queens,
       {"ALTER TABLE images ADD COLUMN os_hidden VARCHAR(5) DEFAULT 0 NOT NULL"},
       {"os_hidden", "{varchar}(5)", "{boolean}"}},
      {"an index on another column",
       queens,
       {algo, value, "CREATE INDEX os_hash_value_image_idx ON images (os_hash_algo)"},
       {"os_hash_value_image_idx", "(os_hash_algo)", "(os_hash_value)"}},
      {"an index on two columns",
       queens,
       {algo, value,
        "CREATE INDEX os_hash_value_image_idx ON images (os_hash_value, os_hash_algo)"},
       {"(os_hash_value, os_hash_algo)", "(os_hash_value)"}},
      {"a unique index",
       queens,
       {algo, value, "CREATE UNIQUE INDEX os_hash_value_image_idx ON images (os_hash_value)"},
       {"unique index on (os_hash_value)", "backglance's is: index on (os_hash_value)"}},
      {"a partial index",
       queens,
       {algo, value,
        "CREATE INDEX os_hash_value_image_idx ON images (os_hash_value) WHERE deleted = {false}"},
       {"partial index", "os_hash_value"},
       false,
       true},
      {"an index of our name on a table of Glance's",
       queens,
       {"CREATE INDEX os_hidden_image_idx ON image_members (member)"},
       {"os_hidden_image_idx", "image_members", "images"},
       true},
      {"an index of our name on a table of somebody else's",
       queens,
       {"CREATE TABLE notes (note TEXT)", "CREATE INDEX os_hash_value_image_idx ON notes (note)"},
       {"os_hash_value_image_idx", "notes", "images"},
       true},
      {"a table of our name",
       queens,
       {"CREATE TABLE backglance_item (id INTEGER, note TEXT)"},
       {"backglance_item", "id, note", "image_id, state"}},
      {"a table of our name at the head",
       "head",
       {"CREATE TABLE backglance_step (what TEXT)", "INSERT INTO backglance_step VALUES ('mine')"},
       {"backglance_step", "(what)", "sql_digest"}},
      {"a promised column of another type",
       "rocky_contract02",
       {"DROP INDEX os_hash_value_image_idx", "ALTER TABLE images DROP COLUMN os_hash_value",
        "ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(64)"},
       {"os_hash_value", "{varchar}(64)", "{varchar}(128)"}},
      {"a column in capitals of another type",
       queens,
       {"ALTER TABLE images ADD COLUMN OS_HASH_ALGO TEXT"},
       {"os_hash_algo", "text", "{varchar}(64)"}},
  };
  for (Conflict conflict : cases) {
    DYNAMIC_SECTION(conflict.what) {
      GlanceSite site(conflict.start);
      if (conflict.on_global_names && !site.sql().engine().index_names_are_global)
        continue;  // the name is free there
      if (conflict.partial && site.sql().engine().engine == Engine::mysql)
        conflict.mangle.back() =
            "CREATE INDEX os_hash_value_image_idx ON images (os_hash_value(9))";
      for (const std::string& statement : conflict.mangle)
        site.change_schema(statement);
      const Error error = required_refusal(site);
      for (const std::string& text : conflict.shown)
        CHECK_THAT(error.what(), Contains(spelled(site.sql(), text)));
      CHECK_THAT(error.what(), Contains("nothing was changed"));
    }
  }
}

TEST_CASE("a view of our name is refused", "[expand]") {
  GlanceSite site("queens_contract01");
  site.sql().execute("CREATE VIEW backglance_run AS SELECT id FROM images");
  const auto before = dump(site.sql());
  const Error error = required_error([&] { expand(site.sql()); });
  CHECK_THAT(error.what(), Contains("backglance_run"));
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("a schema that expand does not start from is refused with the reason", "[expand]") {
  struct Refused {
    std::vector<std::string> rows;
    std::vector<std::string> shown;
  };
  const std::vector<Refused> cases = {
      {{"liberty"}, {"older than Queens", "liberty"}},
      {{"mitaka02"}, {"older than Queens", "mitaka02"}},
      {{"ocata01"}, {"older than Queens", "ocata01"}},
      {{"pike_contract01"}, {"older than Queens", "pike_contract01"}},
      {{"pike_contract01", "queens_expand01"}, {"queens", "contract"}},
      {{"queens_expand01"}, {"queens_expand01", "the only row"}},
      {{"rocky_expand02"}, {"rocky_expand02", "the only row"}},
      {{"rocky_contract02", "rocky_expand02"}, {"rocky_expand02", "alembic"}},
      {{"2031_1_contract01"}, {"2031_1_contract01", "2024.1"}},
      {{"queens_contract01", "backglance"}, {"backglance"}},
      {{}, {"alembic_version has no row"}},
  };
  for (const Refused& refused : cases) {
    DYNAMIC_SECTION(Catch::Detail::stringify(refused.rows)) {
      GlanceSite site("queens_contract01");
      set_rows(site, refused.rows);
      const Error error = required_refusal(site);
      for (const std::string& text : refused.shown)
        CHECK_THAT(error.what(), Contains(text));
    }
  }
}

TEST_CASE("a database that is not Glance's is refused", "[expand]") {
  const auto refused = [](GlanceSite& site, const std::string& reason) {
    CHECK_THAT(required_refusal(site).what(), Contains(reason));
    const auto before = dump(site.sql());
    CHECK(required_error([&] { revert_expand(site.sql()); }).kind() == ErrorKind::schema_state);
    CHECK(changes(before, dump(site.sql())) == kNone);
  };
  SECTION("an empty database") {
    GlanceSite site("");
    refused(site, "empty");
  }
  SECTION("somebody else's") {
    GlanceSite site("");
    site.sql().execute("CREATE TABLE instances (id INTEGER)");
    refused(site, "not a Glance database");
  }
  SECTION("a table images of somebody else's") {
    GlanceSite site("");
    site.sql().execute("CREATE TABLE images (id INTEGER, photo TEXT)");
    refused(site, "not a Glance database");
  }
  SECTION("Glance's without a child table") {
    GlanceSite site("queens_contract01");
    site.sql().execute("DROP TABLE image_locations");
    refused(site, "not a Glance database");
  }
  SECTION("Glance's without the table that says whether an import is alive") {
    GlanceSite site("queens_contract01");
    site.sql().execute("DROP TABLE task_info");
    site.sql().execute("DROP TABLE tasks");
    refused(site, "tasks");
  }
  SECTION("Glance's without alembic_version") {
    GlanceSite site("queens_contract01");
    site.sql().execute("DROP TABLE alembic_version");
    CHECK_THAT(required_refusal(site).what(), Contains("no table alembic_version"));
  }
  SECTION("a view with the name of one of our tables") {
    GlanceSite site("queens_contract01");
    site.sql().execute("CREATE VIEW backglance_item AS SELECT id AS image_id FROM images");
    const auto before = dump(site.sql(), Part::schema);
    for (const auto& verb : {+[](Session& session) { expand(session); },
                             +[](Session& session) { revert_expand(session); }}) {
      const Error error = required_error([&] { verb(site.sql()); });
      CHECK(error.kind() == ErrorKind::schema_state);
      CHECK_THAT(error.what(), Contains("backglance_item is a view"));
    }
    CHECK(changes(before, dump(site.sql(), Part::schema)) == kNone);
  }
}
