// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "glance/database_url.h"

namespace backglance {

// A new database at `rows`, for one test: a file in `directory`, or, if BACKGLANCE_TEST_ENGINE says
// postgresql or mysql, one on the private server whose directory BACKGLANCE_TEST_SERVERS names
// (tests/servers/servers.py).
DatabaseUrl make_database(const std::filesystem::path& directory, const std::string& rows);
// Of a server; a file goes with its directory. Throws Error if the server is gone.
void drop_database(const DatabaseUrl& database);

}  // namespace backglance
