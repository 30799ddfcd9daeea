// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "glance/database_url.h"

namespace backglance {

// Copies the SQLite database `url` to the new file `target` with SQLite's online-backup API
// (sqlite.org/backup.html), under a reader's lock. Checks the copy with PRAGMA integrity_check and
// flushes it to disk. Only then it gets its name: until then it lies in a directory
// "<target>.part-XXXXXX" (base/unfinished_file.h), for an empty file also passes that check. Only
// its owner can read the copy, because it contains the locations. Throws Error{io} if `target`
// exists or anything fails; an unfinished copy is removed.
void copy_sqlite_database(const DatabaseUrl& url, const std::filesystem::path& target);

}  // namespace backglance
