#include "tests/steps/glance_site.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

#include "backfill/store/open_beneath.h"
#include "base/text.h"
#include "sql/catalog.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// In 2018, and as Glance writes it.
constexpr const char* kCreated = "2018-01-02 03:04:05.000006";

// Runs a shell's line, its words already quoted.
void run_line(const std::string& line) {
  const std::array<const char*, 4> arguments = {"sh", "-c", line.c_str(), nullptr};
  // Nothing of ours: a PYTHONPATH or a sanitizer's options are not for Glance.
  const std::array<const char*, 3> environment = {"PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1",
                                                  nullptr};
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, "/bin/sh", nullptr, nullptr,
                      const_cast<char* const*>(arguments.data()),
                      const_cast<char* const*>(environment.data())) == 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  INFO(line);
  REQUIRE(status == 0);
}

void make_schema(const std::string& url, const std::string& rows) {
  run_line(fmt::format("/usr/bin/python3 '{}' '{}' '{}'", BACKGLANCE_SCHEMA_SCRIPT, url, rows));
}

// Glance takes seconds to make a database, so each row set is made once for all tests and test
// programs. Held while one is looked for and made.
class TemplateLock {
 public:
  TemplateLock() : lock_(open_file()) { REQUIRE(flock(lock_.get(), LOCK_EX) == 0); }

 private:
  static int open_file() {
    fs::create_directories(BACKGLANCE_TEMPLATES);
    return ::open(BACKGLANCE_TEMPLATES "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  }

  Fd lock_;
};

bool is_fresh(const fs::path& made) {
  return fs::exists(made) &&
         fs::last_write_time(made) > fs::last_write_time(BACKGLANCE_SCHEMA_SCRIPT);
}

// A file at these rows, made again if the script that makes it has changed.
fs::path sqlite_template(const std::string& rows) {
  const TemplateLock lock;
  fs::path made = fs::path(BACKGLANCE_TEMPLATES) / (rows + ".sqlite");
  if (is_fresh(made))
    return made;
  const fs::path raw = fs::path(BACKGLANCE_TEMPLATES) / "unfinished";
  fs::remove(raw);
  make_schema("sqlite:///" + raw.string(), rows);
  fs::rename(raw, made);
  return made;
}

// The private server that tests/servers/servers.py has started.
std::string server_url(std::string_view engine) {
  const char* directory = std::getenv("BACKGLANCE_TEST_SERVERS");
  INFO("BACKGLANCE_TEST_SERVERS names the directory of tests/servers/servers.py");
  REQUIRE(directory != nullptr);
  std::ifstream file(fmt::format("{}/{}.url", directory, engine));
  std::string url;
  std::getline(file, url);
  REQUIRE_FALSE(url.empty());
  return url;
}

std::string test_engine() {
  const char* engine = std::getenv("BACKGLANCE_TEST_ENGINE");
  return engine == nullptr ? "sqlite" : engine;
}

bool has_database(Session& admin, const std::string& name) {
  return admin.count("SELECT COUNT(*) FROM pg_database WHERE datname = :name", {{"name", name}}) >
         0;
}

void make_postgresql_database(const std::string& server, const std::string& rows,
                              const std::string& name) {
  Session admin(parse_database_url(server + "/postgres"));
  std::string source = "template0";
  if (!rows.empty()) {
    const TemplateLock lock;
    source = "template_" + rows;
    if (!has_database(admin, source)) {
      admin.execute("CREATE DATABASE \"unfinished\"");
      make_schema(server + "/unfinished", rows);
      admin.execute(fmt::format("ALTER DATABASE unfinished RENAME TO \"{}\"", source));
    }
    admin.execute(fmt::format("CREATE DATABASE \"{}\" TEMPLATE \"{}\"", name, source));
    return;
  }
  admin.execute(fmt::format("CREATE DATABASE \"{}\" TEMPLATE \"{}\"", name, source));
}

void make_mysql_database(const std::string& server, const std::string& rows,
                         const std::string& name) {
  Session admin(parse_database_url(server + "/mysql"));
  admin.execute(fmt::format("CREATE DATABASE `{}` CHARACTER SET utf8mb4", name));
  if (rows.empty())
    return;
  const DatabaseUrl url = parse_database_url(server + "/mysql");
  const std::string login =
      fmt::format("--no-defaults --protocol=tcp --host={} --port={} --user={} '--password={}'",
                  url.host, url.port, url.user, url.password);
  const fs::path dumped = fs::path(BACKGLANCE_TEMPLATES) / (rows + ".mysql.sql");
  {
    const TemplateLock lock;
    if (!is_fresh(dumped)) {
      admin.execute("DROP DATABASE IF EXISTS unfinished");
      admin.execute("CREATE DATABASE unfinished CHARACTER SET utf8mb4");
      make_schema(server + "/unfinished", rows);
      run_line(fmt::format("mariadb-dump {} unfinished > '{}.part'", login, dumped.string()));
      fs::rename(dumped.string() + ".part", dumped);
    }
  }
  run_line(fmt::format("mariadb {} '{}' < '{}'", login, name, dumped.string()));
}

// A database of the test's own.
DatabaseUrl make_database(const fs::path& directory, const std::string& rows) {
  const std::string engine = test_engine();
  if (engine == "sqlite") {
    const fs::path path = directory / "glance.sqlite";
    if (rows.empty())
      std::ofstream(path).close();
    else
      fs::copy_file(sqlite_template(rows), path);
    return parse_database_url("sqlite:///" + path.string());
  }
  static int made = 0;
  const std::string name = fmt::format("site_{}_{}", getpid(), ++made);
  const std::string server = server_url(engine);
  (engine == "postgresql" ? make_postgresql_database : make_mysql_database)(server, rows, name);
  return parse_database_url(server + "/" + name);
}

void drop_database(const DatabaseUrl& database) {
  if (database.engine == Engine::sqlite)
    return;
  DatabaseUrl server = database;
  server.database = database.engine == Engine::postgresql ? "postgres" : "mysql";
  Session admin(server);
  admin.execute(database.engine == Engine::postgresql
                    ? fmt::format("DROP DATABASE \"{}\" WITH (FORCE)", database.database)
                    : fmt::format("DROP DATABASE `{}`", database.database));
}

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
  fs::create_directory(store());
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

void GlanceSite::drop_index(const std::string& table, const std::string& index) {
  sql().execute(sql().engine().engine == Engine::mysql
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
  for (const auto& [column, value] : copy.columns)
    set(copy.image_id, column, sql_value(value));
  sql().execute("UPDATE images SET updated_at = {now_datetime} WHERE id = :id",
                {{"id", copy.image_id}});
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
      add(row.text_or_empty(0), text_of(row));
    return lines;
  }
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

}  // namespace backglance
