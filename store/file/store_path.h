// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// A file named by a store directory, as configured, and a path below it. The path is a secret.
struct Place {
  std::string directory;
  std::string path;
};

// The configured directories of the file stores, and which of them contain a location's path.
// Thread-safe, once made.
class StoreDirectories {
 public:
  // Relative directories start at the current directory. Empty names contain nothing.
  explicit StoreDirectories(std::vector<std::filesystem::path> configured);

  // As configured, in that order, but absolute. Empty names are kept.
  const std::vector<std::filesystem::path>& configured() const { return configured_; }

  // Every directory that contains the absolute `path`, the innermost first; the first configured
  // one of several that are equal. Glance opens a location's path as it is, so the path and the
  // configuration may name one directory in two ways: by a symlink, by "..", or by the real path. A
  // path belongs to a directory if it begins with the directory's path, as configured or real,
  // component by component. Otherwise, and if it contains "..", its parent directory is resolved
  // first, and only the real paths are compared.
  //
  // Below the directory no link is resolved here: open_beneath() follows or refuses it.
  //
  // May wait for kDirectoryPatience (store/answer.h) for a directory that has to be resolved. One
  // that does not answer contains nothing for the next minute.
  std::vector<Place> containing(const std::string& path) const;

  // True if `directory`, a configured one or one below it, did not answer at the last attempt,
  // within the last minute: who asks it now may wait for hours.
  bool is_silent(const std::string& directory) const;
  // Asks every configured directory that is not silent, and whoever does not answer is. Returns why
  // each cannot be opened, in the order of configured(); empty: it can.
  std::vector<std::string> survey() const;

 private:
  std::string real(std::size_t index) const;
  std::string real_path(const std::filesystem::path& path) const;
  std::string with_real_parent(const std::string& path) const;
  void set_silent(const std::string& path) const;

  std::vector<std::filesystem::path> configured_;
  std::vector<std::string> real_;  // without symlinks; empty if it was not there at the start
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::chrono::steady_clock::time_point> silent_until_;
};

}  // namespace backglance
