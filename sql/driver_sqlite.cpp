// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <cerrno>

#include "sql/driver.h"

namespace backglance {
namespace {

// Result codes of SQLite (sqlite.org/rescode.html). Its header cannot be included beside SOCI's,
// which declares the same types inside a namespace.
constexpr int kSqliteBusy = 5;
constexpr int kSqliteLocked = 6;
constexpr int kSqliteReadOnly = 8;
constexpr int kSqliteIoError = 10;
constexpr int kSqliteCorrupt = 11;
constexpr int kSqliteFull = 13;
constexpr int kSqliteCannotOpen = 14;
constexpr int kSqliteNotADatabase = 26;

Error translated(const soci::soci_error& error, const DatabaseUrl& url) {
  const std::string database = url.redacted();
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  switch (sqlite != nullptr ? sqlite->result() & 0xFF : 0) {
    case kSqliteBusy:
    case kSqliteLocked:
      return Error(ErrorKind::busy, "the database is locked by another process: " + database);
    case kSqliteReadOnly:
      return Error(ErrorKind::connect, "the database is read-only for this user: " + database);
    case kSqliteFull:
      return Error(ErrorKind::no_space, "the disk of the database is full: " + database);
    case kSqliteIoError:
      return Error(ErrorKind::io, "the disk of the database fails: " + driver_text(error));
    case kSqliteCorrupt:
      return Error(ErrorKind::sql, "the database file is damaged: " + database,
                   "sqlite3 FILE 'PRAGMA integrity_check'");
    case kSqliteCannotOpen:
      return Error(ErrorKind::connect, "the database file cannot be opened: " + database);
    case kSqliteNotADatabase:
      return Error(ErrorKind::connect, "the file is not an SQLite database: " + database);
    default:
      return Error(ErrorKind::sql, driver_text(error));
  }
}

std::string connection_string(const DatabaseUrl& url, const SessionOptions& options) {
  struct stat info = {};
  if (stat(url.database.c_str(), &info) != 0)
    throw Error(ErrorKind::connect,
                io_error("the database file cannot be opened: " + url.redacted(), errno).what(),
                url.database.starts_with('/')
                    ? ""
                    : "an absolute path takes four slashes: sqlite:////srv/glance.sqlite");
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorKind::connect, "the database is not a regular file: " + url.redacted());
  // SOCI's parser takes the value between quotes as it stands and has no escape.
  if (url.database.find('"') != std::string::npos)
    throw Error(ErrorKind::usage, "a path of an SQLite database with '\"' in it is not supported");
  return fmt::format("dbname=\"{}\" timeout={}{}", url.database, options.lock_timeout.count(),
                     options.mode == OpenMode::read_only ? " readonly=true" : "");
}

void open(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  const auto try_open = [&](OpenMode mode) {
    SessionOptions with = options;
    with.mode = mode;
    session.open(soci::sqlite3, connection_string(url, with));
    // SQLite opens lazily; the first page tells whether it is a database at all.
    run_plain(session, "PRAGMA schema_version");
  };
  if (options.mode == OpenMode::read_write)
    return try_open(OpenMode::read_write);
  try {
    try_open(OpenMode::read_only);
  } catch (const soci::sqlite3_soci_error& error) {
    // A process that was killed in mid-commit leaves a journal that the next reader has to roll
    // back, for which a read-only connection lacks the right.
    const int code = error.result() & 0xFF;
    if (code != kSqliteReadOnly && code != kSqliteCannotOpen)
      throw;
    session.close();
    try_open(OpenMode::read_write);
    run_plain(session, "PRAGMA query_only = ON");
  }
}

const EngineFacts& facts(soci::session&) {
  return engine_facts(Engine::sqlite);
}

int exchanged_columns(soci::statement& prepared) {
  return prepared.get_backend()->prepare_for_describe();
}

}  // namespace

const Driver& sqlite_driver() {
  static constexpr Driver kDriver = {.open = open,
                                     .facts = facts,
                                     .translated = translated,
                                     .refuses_writes = nullptr,
                                     .exchanged_columns = exchanged_columns,
                                     .rows = nullptr,
                                     .missing_rights = nullptr,
                                     .hang_up = nullptr,
                                     .schema = nullptr};
  return kDriver;
}

}  // namespace backglance
