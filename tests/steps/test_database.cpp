// SPDX-License-Identifier: Apache-2.0
#include "tests/steps/test_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "sql/session.h"
#include "store/file/open_beneath.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

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

// IF EXISTS would say on standard error that it does not.
void drop_if_there(Session& admin, const std::string& name) {
  if (has_database(admin, name))
    admin.execute(fmt::format("DROP DATABASE \"{}\" WITH (FORCE)", name));
}

void make_postgresql_database(const std::string& server, const std::string& rows,
                              const std::string& name) {
  Session admin(parse_database_url(server + "/postgres"));
  std::string source = "template0";
  if (!rows.empty()) {
    const TemplateLock lock;
    source = "template_" + rows;
    // Its date is that of the template; the server that holds it may be a new one.
    const fs::path made = fs::path(BACKGLANCE_TEMPLATES) / (rows + ".postgresql");
    if (!is_fresh(made) || !has_database(admin, source)) {
      drop_if_there(admin, "unfinished");
      drop_if_there(admin, source);
      admin.execute("CREATE DATABASE unfinished");
      make_schema(server + "/unfinished", rows);
      admin.execute(fmt::format("ALTER DATABASE unfinished RENAME TO \"{}\"", source));
      std::ofstream(made).close();
    }
  }
  drop_if_there(admin, name);  // of a process that had this id and was killed
  admin.execute(fmt::format("CREATE DATABASE \"{}\" TEMPLATE \"{}\"", name, source));
}

void make_mysql_database(const std::string& server, const std::string& rows,
                         const std::string& name) {
  Session admin(parse_database_url(server + "/mysql"));
  admin.execute(fmt::format("DROP DATABASE IF EXISTS `{}`", name));
  admin.execute(fmt::format("CREATE DATABASE `{}` CHARACTER SET utf8mb4", name));
  if (rows.empty())
    return;
  const DatabaseUrl url = parse_database_url(server + "/mysql");
  const std::string login =
      fmt::format("--no-defaults --protocol=tcp --host={} --port={} --user={} '--password={}'",
                  url.host, url.port, url.user, url.password);
  // MySQL's dump is not MariaDB's.
  const char* product = std::getenv("BACKGLANCE_TEST_PRODUCT");
  const fs::path dumped = fs::path(BACKGLANCE_TEMPLATES) /
                          fmt::format("{}.{}.sql", rows, product == nullptr ? "mysql" : product);
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

}  // namespace

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

}  // namespace backglance
