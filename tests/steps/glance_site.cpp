// SPDX-License-Identifier: Apache-2.0
#include "tests/steps/glance_site.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "sql/catalog.h"
#include "tests/steps/test_database.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// In 2018, and as Glance writes it.
constexpr const char* kCreated = "2018-01-02 03:04:05.000006";

std::string text_of(const SqlRow& row) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i)
    text += row.is_null(i) ? "|NULL" : "|'" + row.text_or_empty(i) + "'";
  return text;
}

BackfillRun collect(const std::function<ReadResult(const OnResult&)>& action) {
  BackfillRun run;
  run.result = action([&](const std::string& image_id, const ReadOutcome& outcome) {
    run.order.push_back(image_id);
    run.outcomes[image_id] = outcome;
  });
  return run;
}

}  // namespace

GlanceSite::GlanceSite(const std::string& rows) {
  std::string pattern = (fs::temp_directory_path() / "backglance-site-XXXXXX").native();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  directory_ = fs::canonical(pattern);
  // In a directory without anything nothing would seem to be mounted.
  write_file(store() / "of-another-use", "");
  site_.database = make_database(directory_, rows);
  site_.stores = {{"", "file", {store()}}};
  session_.emplace(site_.database);
}

GlanceSite::~GlanceSite() {
  session_.reset();
  try {
    drop_database(site_.database);
  } catch (const Error&) {
    // A test may have stopped the server; its databases go with its directory.
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string GlanceSite::insert_image(const std::string& name) {
  std::string id = fmt::format("00000000-0000-4000-8000-{:012}", ++images_);
  sql().execute(
      "INSERT INTO images (id, name, size, status, created_at, updated_at, deleted_at, deleted, "
      "disk_format, container_format, checksum, owner, min_disk, min_ram, protected, virtual_size, "
      "visibility) VALUES (:id, :name, NULL, 'active', :now, :now2, NULL, {false}, 'raw', 'bare', "
      "NULL, 'owner', 0, 0, {false}, NULL, 'private')",
      {{"id", id},
       {"name", name},
       {"now", std::string(kCreated)},
       {"now2", std::string(kCreated)}});
  return id;
}

std::string GlanceSite::upload(std::string_view content, const std::string& name) {
  std::string id = insert_image(name);
  write_file(file(id), content);
  add_location(id, "file://" + file(id).string());
  set(id, "size", static_cast<std::int64_t>(content.size()));
  set(id, "checksum", digest_of("md5", content));
  return id;
}

std::vector<std::string> GlanceSite::upload_many(int count) {
  std::vector<std::string> ids;
  Transaction transaction(sql());
  for (int i = 0; i < count; ++i)
    ids.push_back(upload("content " + std::to_string(i)));
  transaction.commit();
  return ids;
}

void GlanceSite::write_file(const fs::path& file, std::string_view content) const {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  REQUIRE(out);
}

std::int64_t GlanceSite::add_location(const std::string& image_id, const std::string& uri) {
  sql().execute(
      "INSERT INTO image_locations (image_id, value, meta_data, status, created_at, updated_at, "
      "deleted_at, deleted) VALUES (:id, :uri, '{}', 'active', :now, :now2, NULL, {false})",
      {{"id", image_id},
       {"uri", uri},
       {"now", std::string(kCreated)},
       {"now2", std::string(kCreated)}});
  return sql().count("SELECT MAX(id) FROM image_locations");
}

std::int64_t GlanceSite::first_location(const std::string& image_id) {
  return sql().count("SELECT MIN(id) FROM image_locations WHERE image_id = :id",
                     {{"id", image_id}});
}

std::int64_t GlanceSite::add_property(const std::string& image_id, const std::string& name,
                                      const SqlValue& value) {
  sql().execute(
      "INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted_at, "
      "deleted) VALUES (:id, :name, :value, :now, :now2, NULL, {false})",
      {{"id", image_id},
       {"name", name},
       {"value", value},
       {"now", std::string(kCreated)},
       {"now2", std::string(kCreated)}});
  return sql().count("SELECT MAX(id) FROM image_properties");
}

void GlanceSite::add_properties(const std::string& image_id,
                                const std::vector<std::string>& names) {
  for (const std::string& name : names)
    add_property(image_id, name, "value of " + name);
}

void GlanceSite::start_import(const std::string& image_id, std::chrono::minutes age,
                              const std::string& status) {
  const std::string task = "task of " + image_id.substr(24);
  const std::string touched = utc_time(std::time(nullptr) - age.count() * 60) + ".000000";
  sql().execute(
      "INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted) "
      "VALUES (:id, 'api_image_import', :status, 'owner', :now, :touched, {false})",
      {{"id", task}, {"status", status}, {"now", std::string(kCreated)}, {"touched", touched}});
  add_property(image_id, "os_glance_import_task", task);
}

void GlanceSite::delete_property(const std::string& image_id, const std::string& name) {
  REQUIRE(sql().execute("UPDATE image_properties SET deleted = {true}, deleted_at = "
                        "{now_datetime}, updated_at = {now_datetime} WHERE image_id = :id "
                        "AND name = :name AND deleted = {false}",
                        {{"id", image_id}, {"name", name}}) == 1);
}

void GlanceSite::delete_image(const std::string& image_id) {
  // One moment for the image and all that it still has.
  const std::string moment = "2019-08-09 10:11:12.131415";
  sql().execute(
      "UPDATE images SET status = 'deleted', deleted = {true}, deleted_at = :at "
      "WHERE id = :id",
      {{"at", moment}, {"id", image_id}});
  sql().execute(
      "UPDATE image_locations SET status = 'deleted', deleted = {true}, "
      "deleted_at = :at WHERE image_id = :id AND deleted = {false}",
      {{"at", moment}, {"id", image_id}});
  for (const char* table : {"image_properties", "image_tags"})
    sql().execute(fmt::format("UPDATE {} SET deleted = {{true}}, deleted_at = :at "
                              "WHERE image_id = :id AND deleted = {{false}}",
                              table),
                  {{"at", moment}, {"id", image_id}});
}

void GlanceSite::add_tag(const std::string& image_id, const std::string& tag) {
  sql().execute(
      "INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted_at, "
      "deleted) VALUES (:id, :tag, :now, :now2, NULL, {false})",
      {{"id", image_id},
       {"tag", tag},
       {"now", std::string(kCreated)},
       {"now2", std::string(kCreated)}});
}

std::vector<std::string> GlanceSite::live_tags(const std::string& image_id) {
  std::vector<std::string> tags;
  for (const SqlRow& row : sql().rows(
           "SELECT value FROM image_tags WHERE image_id = :id AND deleted = {false} ORDER BY value",
           {{"id", image_id}}))
    tags.push_back(row.text_or_empty(0));
  return tags;
}

void GlanceSite::set(const std::string& image_id, const std::string& column,
                     const SqlValue& value) {
  REQUIRE(sql().execute(fmt::format("UPDATE images SET {} = :value WHERE id = :id", column),
                        {{"value", value}, {"id", image_id}}) == 1);
}

std::optional<std::string> GlanceSite::get(const std::string& image_id, const std::string& column) {
  const auto row = sql().first_row(fmt::format("SELECT {} FROM images WHERE id = :id", column),
                                   {{"id", image_id}});
  REQUIRE(row.has_value());
  return row->text(0);
}

bool GlanceSite::is_true(const std::string& image_id, const std::string& column) {
  const auto row = sql().first_row(fmt::format("SELECT {} FROM images WHERE id = :id", column),
                                   {{"id", image_id}});
  REQUIRE(row.has_value());
  return row->truth(0);
}

bool GlanceSite::takes_any_bytes() const {
  return site_.database.engine == Engine::sqlite;
}

bool GlanceSite::compares_with_case() const {
  return site_.database.engine != Engine::mysql;
}

std::size_t GlanceSite::longest_text() const {
  // MariaDB's TEXT holds 64 KiB less one byte.
  return site_.database.engine == Engine::mysql ? 60'000 : 1 << 20;
}

void GlanceSite::change_schema(const std::string& statement) {
  const bool of_images =
      statement.starts_with("DROP INDEX ") && site_.database.engine == Engine::mysql;
  sql().execute(of_images ? statement + " ON images" : statement);
}

void GlanceSite::drop_index(const std::string& table, const std::string& index) {
  sql().execute(site_.database.engine == Engine::mysql
                    ? fmt::format("ALTER TABLE {} DROP INDEX {}", table, index)
                    : fmt::format("DROP INDEX {}", index));
}

void GlanceSite::refuse_inserts(const std::string& table) {
  switch (sql().engine().engine) {
    case Engine::sqlite:
      sql().execute(
          fmt::format("CREATE TRIGGER refuse BEFORE INSERT ON {} BEGIN "
                      "SELECT RAISE(ABORT, 'refused by the test'); END",
                      table));
      return;
    case Engine::postgresql:
      sql().execute(
          "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
          "'BEGIN RAISE EXCEPTION ''refused by the test''; END'");
      sql().execute(fmt::format(
          "CREATE TRIGGER refuse BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION refuse()",
          table));
      return;
    case Engine::mysql:
      sql().execute(
          fmt::format("CREATE TRIGGER refuse BEFORE INSERT ON {} FOR EACH ROW "
                      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused by the test'",
                      table));
  }
}

void GlanceSite::accept_inserts(const std::string& table) {
  const bool named_with_table = sql().engine().engine == Engine::postgresql;
  sql().execute(named_with_table ? "DROP TRIGGER refuse ON " + table : "DROP TRIGGER refuse");
  if (named_with_table)
    sql().execute("DROP FUNCTION refuse()");
}

std::optional<std::string> GlanceSite::ours(const std::string& table, const std::string& image_id,
                                            const std::string& column) {
  const auto row = sql().first_row(
      fmt::format("SELECT {} FROM backglance_{} WHERE image_id = :id", column, table),
      {{"id", image_id}});
  return row ? row->text(0) : std::nullopt;
}

GlanceSite::Copy GlanceSite::load(const std::string& image_id) {
  Copy copy{image_id, {}};
  for (const char* column : {"name", "size", "status", "checksum", "os_hash_algo", "os_hash_value"})
    copy.columns[column] = get(image_id, column);
  return copy;
}

void GlanceSite::save(const Copy& copy) {
  std::string columns;
  SqlParameters values = {{"image", copy.image_id}};
  for (const auto& [column, value] : copy.columns) {
    columns += fmt::format("{0} = :{0}, ", column);
    values.push_back({column, sql_value(value)});
  }
  REQUIRE(sql().execute(fmt::format("UPDATE images SET {}updated_at = {{now_datetime}} "
                                    "WHERE id = :image",
                                    columns),
                        values) == 1);
}

std::vector<std::string> GlanceSite::revision_rows() {
  std::vector<std::string> rows;
  for (const SqlRow& row :
       sql().rows("SELECT version_num FROM alembic_version ORDER BY version_num"))
    rows.push_back(row.text_or_empty(0));
  return rows;
}

std::int64_t GlanceSite::runs(const std::string& command, const std::string& outcome) {
  return sql().count(
      "SELECT COUNT(*) FROM backglance_run WHERE command = :command AND outcome = :outcome",
      {{"command", command}, {"outcome", outcome}});
}

std::string spelled(const Session& session, std::string text) {
  const EngineFacts& engine = session.engine();
  replace_all(text, "{varchar}", std::string(engine.varchar_type));
  replace_all(text, "{boolean}", std::string(engine.boolean_type));
  return lower_ascii(in_dialect(text, engine));
}

std::string digest_of(const std::string& algorithm, std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  std::size_t length = 0;
  REQUIRE(EVP_Q_digest(nullptr, algorithm.c_str(), nullptr, content.data(), content.size(),
                       digest.data(), &length) == 1);
  std::string hex;
  for (std::size_t i = 0; i < length; ++i)
    hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

namespace {

// A line for each object of the schema.
Dump schema_lines(Session& session, bool without_ours) {
  Dump lines;
  const auto add = [&](const std::string& table, const std::string& line) {
    if (!without_ours || !table.starts_with("backglance_"))
      lines.push_back(line);
  };
  if (session.engine().engine == Engine::sqlite) {
    for (const SqlRow& row : session.rows("SELECT tbl_name, type, name, sql FROM sqlite_master"))
      if (!without_ours || !row.text_or_empty(2).starts_with("backglance_"))
        add(row.text_or_empty(0), text_of(row));
    return lines;
  }
  for (const CatalogRoutine& routine : read_routines(session))
    add(routine.name,
        fmt::format("{} {}.{} {}", routine.kind, routine.table, routine.name, routine.definition));
  for (const auto& [name, table] : read_catalog(session)) {
    add(name, "table " + name);
    for (const CatalogColumn& column : table.columns)
      add(name, fmt::format("column {}.{} {}", name, column.name, describe(column)));
    for (const CatalogIndex& index : table.indexes)
      add(name, fmt::format("index {}.{} {}{}", name, index.name, describe(index),
                            index.valid ? "" : ", not valid"));
  }
  return lines;
}

}  // namespace

Dump dump(Session& session, Part part) {
  const bool without_ours = part == Part::glance || part == Part::glance_schema;
  Dump lines = schema_lines(session, without_ours);
  const char quote = session.engine().engine == Engine::mysql ? '`' : '"';
  if (part == Part::all || part == Part::glance)
    for (const auto& [table, unused] : read_catalog(session))
      if (!without_ours || !table.starts_with("backglance_"))
        for (const SqlRow& row : session.rows(fmt::format("SELECT * FROM {0}{1}{0}", quote, table)))
          lines.push_back(table + text_of(row));
  std::sort(lines.begin(), lines.end());
  return lines;
}

Dump changes(const Dump& before, const Dump& after) {
  Dump lines;
  const auto add = [&](const char* sign, const Dump& of, const Dump& without) {
    Dump only;
    std::set_difference(of.begin(), of.end(), without.begin(), without.end(),
                        std::back_inserter(only));
    for (const std::string& line : only)
      lines.push_back(sign + line);
  };
  add("- ", before, after);
  add("+ ", after, before);
  return lines;
}

BackfillRun run_backfill(const GlanceSite& site, const ReadOptions& options, const Pace& pace) {
  ReadContext context(site.site(), pace.bytes_per_second, pace.max_runtime);
  return collect([&](const OnResult& on_result) {
    return backfill(site.site(), context, options, on_result);
  });
}

BackfillRun run_verify(const GlanceSite& site, const ReadOptions& options, const Pace& pace) {
  ReadContext context(site.site(), pace.bytes_per_second, pace.max_runtime);
  return collect(
      [&](const OnResult& on_result) { return verify(site.site(), context, options, on_result); });
}

BackfillRun run_sweep(const GlanceSite& site) {
  ReadContext context(site.site(), 0, std::nullopt);
  return collect([&](const OnResult& on_result) { return sweep(site.site(), context, on_result); });
}

std::string pid_of(Session& session) {
  return session
      .first_row(session.engine().engine == Engine::postgresql ? "SELECT pg_backend_pid()"
                                                               : "SELECT CONNECTION_ID()")
      ->text_or_empty(0);
}

void cut(GlanceSite& site, const std::string& pid) {
  Session other = site.open();
  if (site.database().engine == Engine::postgresql)
    other.rows("SELECT pg_terminate_backend(" + pid + ", 10000)");  // waits until it has ended
  else
    other.execute("KILL " + pid);
}

}  // namespace backglance
