// SPDX-License-Identifier: Apache-2.0
// The one source that uses SQLite's own interface. It includes no header of SOCI, which declares
// the same types inside a namespace.
#include "sql/sqlite_backup.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/stop.h"
#include "base/unfinished_file.h"

namespace backglance {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Database open_database(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK)
    throw Error(ErrorKind::io, fmt::format("{}: {}", path, sqlite3_errstr(code)));
  return database;
}

void copy_pages(sqlite3* from, sqlite3* to) {
  // Pages per step; between steps a writer gets its turn, and the copy begins again if one did.
  constexpr int kPagesPerStep = 4096;
  // After so many restarts by writers, copy in one step, under the reader's lock throughout.
  constexpr int kPatientSteps = 1000;
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr)
    throw Error(ErrorKind::io, fmt::format("safety copy: {}", sqlite3_errmsg(to)));
  int code = SQLITE_OK;
  for (int step = 0; code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED; ++step) {
    if (stop_requested())
      break;
    code = sqlite3_backup_step(backup, step < kPatientSteps ? kPagesPerStep : -1);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) {
    if (stop_requested())
      throw Error(ErrorKind::interrupted,
                  "interrupted during the safety copy; nothing was removed");
    throw Error(ErrorKind::io, fmt::format("safety copy: {}", sqlite3_errstr(code)));
  }
}

int first_column(void* text, int, char** values, char**) {
  *static_cast<std::string*>(text) = values[0] == nullptr ? "" : values[0];
  return 1;
}

void check_copy(const std::string& path) {
  const Database copy = open_database(path, SQLITE_OPEN_READWRITE);
  std::string verdict;
  sqlite3_exec(copy.get(), "PRAGMA integrity_check(1)", first_column, &verdict, nullptr);
  if (verdict != "ok")
    throw Error(ErrorKind::io,
                "the safety copy is damaged, and the database may be damaged too: " + verdict,
                "sqlite3 FILE 'PRAGMA integrity_check'");
}

}  // namespace

void copy_sqlite_database(const DatabaseUrl& url, const std::filesystem::path& target) {
  UnfinishedDirectory unfinished(target, "safety copy " + target.string());
  const std::string path = unfinished.file().string();
  {
    const Database from = open_database(url.database, SQLITE_OPEN_READONLY);
    const Database to = open_database(path, SQLITE_OPEN_READWRITE);
    sqlite3_busy_timeout(from.get(), 10'000);
    copy_pages(from.get(), to.get());
  }
  check_copy(path);
  unfinished.finish();
}

}  // namespace backglance
