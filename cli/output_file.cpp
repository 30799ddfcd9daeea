// SPDX-License-Identifier: Apache-2.0
#include "cli/output_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// Resolves links; parts of the path may be missing.
fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  return error ? fs::absolute(path, error) : found;
}

bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) || real(one) == real(other);
}

bool lies_in(const fs::path& path, const fs::path& directory) {
  const fs::path inner = real(path);
  const fs::path outer = real(directory);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

void require_no_data(const Site& site, const std::string& option, const std::string& file) {
  if (file.empty() || file == "-")
    return;
  const auto refuse = [&](const char* what) {
    throw Error(ErrorKind::usage, fmt::format("{} {}: {}", option, printable(file), what));
  };
  if (site.database.engine == Engine::sqlite)
    // SQLite's own files beside the database belong to it.
    for (const char* const suffix : {"", "-journal", "-wal", "-shm"})
      if (is_same(file, site.database.database + suffix))
        refuse("this is Glance's database");
  for (const fs::path& config : site.config_files)
    if (is_same(file, config))
      refuse("this is Glance's configuration");
  for (const fs::path& directory : site.store_directories())
    if (!directory.empty() && lies_in(file, directory))
      refuse("it lies in a store directory");
}

}  // namespace backglance
