// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "glance/database_url.h"

namespace backglance {

// Copies the SQLite database `url` to the new file `target` by SQLite's online-backup API
// (sqlite.org/backup.html), under the lock of a reader, checks the copy with PRAGMA
// integrity_check, and writes it to disk. Readable by its owner alone, because it holds the
// locations. Throws Error{io} if `target` exists or anything fails; a half-made copy is removed.
void copy_sqlite_database(const DatabaseUrl& url, const std::filesystem::path& target);

}  // namespace backglance
