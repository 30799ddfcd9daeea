// SPDX-License-Identifier: Apache-2.0
#include "sql/schema_names.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace backglance;

TEST_CASE("on PostgreSQL each table of a statement gets the schema that Glance's tables are in") {
  const std::vector<std::pair<std::string, std::string>> statements = {
      {"SELECT i.id FROM images i", "SELECT i.id FROM g.images i"},
      {"SELECT images, bytes FROM backglance_run WHERE images > 1",
       "SELECT images, bytes FROM g.backglance_run WHERE images > 1"},
      {"UPDATE images SET size = 1 WHERE images.id = :images",
       "UPDATE g.images SET size = 1 WHERE images.id = :images"},
      {"insert into image_tags (value) values ('from images')",
       "insert into g.image_tags (value) values ('from images')"},
      {"SELECT 1 FROM a JOIN tasks t ON tasks.id = a.id -- FROM images\nFROM images",
       "SELECT 1 FROM a JOIN g.tasks t ON tasks.id = a.id -- FROM images\nFROM g.images"},
      {"SELECT x IS DISTINCT FROM OLD.images FROM public.images",
       "SELECT x IS DISTINCT FROM OLD.images FROM public.images"},
      {"DELETE FROM backglance_item WHERE EXISTS (SELECT 1 FROM images)",
       "DELETE FROM g.backglance_item WHERE EXISTS (SELECT 1 FROM g.images)"},
      {"CREATE TABLE IF NOT EXISTS other (id INTEGER)",
       "CREATE TABLE IF NOT EXISTS g.other (id INTEGER)"},
      {"CREATE TEMPORARY TABLE images (id INTEGER)", "CREATE TEMPORARY TABLE images (id INTEGER)"},
      {"ALTER TABLE images ADD COLUMN os_hidden BOOLEAN",
       "ALTER TABLE g.images ADD COLUMN os_hidden BOOLEAN"},
      {"CREATE INDEX CONCURRENTLY images_idx ON images (id)",
       "CREATE INDEX CONCURRENTLY images_idx ON g.images (id)"},
      {"DROP INDEX CONCURRENTLY images_idx", "DROP INDEX CONCURRENTLY g.images_idx"},
      {"CREATE FUNCTION guard() RETURNS trigger AS $b$ SELECT 1 FROM images $b$",
       "CREATE FUNCTION g.guard() RETURNS trigger AS $b$ SELECT 1 FROM images $b$"},
      {"CREATE TRIGGER t BEFORE UPDATE ON images FOR EACH ROW EXECUTE FUNCTION guard()",
       "CREATE TRIGGER t BEFORE UPDATE ON g.images FOR EACH ROW EXECUTE FUNCTION g.guard()"},
      {"INSERT INTO backglance_item (image_id) SELECT id FROM images ON CONFLICT DO NOTHING",
       "INSERT INTO g.backglance_item (image_id) SELECT id FROM g.images ON CONFLICT DO NOTHING"},
      {"SELECT 1 FROM pg_catalog.pg_class, (SELECT 2 FROM 'images') x",
       "SELECT 1 FROM pg_catalog.pg_class, (SELECT 2 FROM 'images') x"},
      {"SELECT 1 FROM \"other\" WHERE \"images\" = 1",
       "SELECT 1 FROM g.\"other\" WHERE \"images\" = 1"},
      {"CREATE INDEX other_idx ON other (id)", "CREATE INDEX other_idx ON g.other (id)"},
  };
  for (const auto& [plain, qualified] : statements) {
    CHECK(in_schema(plain, "g") == qualified);
    CHECK(in_schema(plain, "") == plain);
  }
  CHECK(in_schema("SELECT 1 FROM 'open", "g") == "SELECT 1 FROM 'open");
}
