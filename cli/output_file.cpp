// SPDX-License-Identifier: Apache-2.0
#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/output_place.h"
#include "base/text.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// Resolves links; parts of the path may be missing.
fs::path real(const fs::path& path) {
  std::error_code error;
  // Of a name in the current directory that does not exist, weakly_canonical() makes nothing.
  const fs::path whole = fs::absolute(path, error);
  fs::path found = fs::weakly_canonical(whole, error);
  return error ? whole : found;
}

bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) || real(one) == real(other);
}

bool lies_in(const fs::path& path, const fs::path& directory) {
  const fs::path inner = real(path);
  const fs::path outer = real(directory);
  if (std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end())
    return true;
  // By another name, for example of a bind mount.
  std::error_code error;
  for (fs::path above = inner; above.has_relative_path(); above = above.parent_path())
    if (fs::equivalent(above, outer, error))
      return true;
  return false;
}

std::string named(const NamedOutput& output) {
  return output.option + " " + printable(output.file);
}

bool is_file_of(int fd, const std::optional<struct stat>& there) {
  struct stat opened = {};
  return there && fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) &&
         opened.st_dev == there->st_dev && opened.st_ino == there->st_ino;
}

[[noreturn]] void refuse_stream(int fd, const std::string& named) {
  throw Error(ErrorKind::usage,
              fmt::format("{}: standard {} goes to the same file; name a file of its own", named,
                          fd == STDOUT_FILENO ? "output" : "error"));
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

void require_distinct(const std::vector<NamedOutput>& outputs) {
  std::vector<std::pair<const NamedOutput*, OutputPlace>> places;
  for (const NamedOutput& output : outputs) {
    if (output.file.empty() || output.file == "-")
      continue;
    try {
      places.emplace_back(&output, OutputPlace(output.file, named(output), LastLink::follow));
    } catch (const Error& error) {
      // Whoever writes it reports this.
      if (error.kind() != ErrorKind::io)
        throw;
    }
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& [output, place] = places[i];
    for (std::size_t j = 0; j < i; ++j)
      if (place.is_same(places[j].second))
        throw Error(ErrorKind::usage,
                    fmt::format("{}: {} names the same file; give each output its own",
                                named(*output), places[j].first->option));
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
      // Two that append share a file. A stream that does not writes over what the other has added.
      const bool destroys =
          (output->is_replaced && !place.is_descriptor()) || (fcntl(fd, F_GETFL) & O_APPEND) == 0;
      if (destroys && is_file_of(fd, place.status()))
        refuse_stream(fd, named(*output));
    }
  }
}

void require_no_stream(const std::string& option, const fs::path& file) {
  struct stat there = {};
  if (stat(file.c_str(), &there) != 0)
    return;  // whoever reads or writes it reports this
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO})
    if (is_file_of(fd, there))
      refuse_stream(fd, option + " " + printable(file.native()));
}

}  // namespace backglance
