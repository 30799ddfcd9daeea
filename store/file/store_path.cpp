// SPDX-License-Identifier: Apache-2.0
#include "store/file/store_path.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace backglance {
namespace {

namespace fs = std::filesystem;

// Takes the first component off `path`; empty at its end. Repeated slashes and "." are no
// components.
std::string_view take_component(std::string_view& path) {
  while (true) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    if (component != ".")
      return component;
  }
}

std::size_t count_components(std::string_view path) {
  std::size_t count = 0;
  while (!take_component(path).empty())
    ++count;
  return count;
}

bool has_dots(std::string_view path) {
  for (std::string_view one = take_component(path); !one.empty(); one = take_component(path))
    if (one == "..")
      return true;
  return false;
}

// What is left of `path` below `directory`, if it lies there.
std::optional<std::string> below(std::string_view directory, std::string_view path) {
  if (directory.empty())
    return std::nullopt;
  for (std::string_view expected = take_component(directory); !expected.empty();
       expected = take_component(directory))
    if (take_component(path) != expected)
      return std::nullopt;
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path.empty() ? "." : std::string(path);
}

// Without symlinks and ".."; empty if it does not exist or cannot be resolved.
std::string real_path(const fs::path& path) {
  std::error_code error;
  const fs::path real = path.empty() ? fs::path() : fs::canonical(path, error);
  return error ? std::string() : real.native();
}

// The path with its parent directory resolved, but not its last component: a link there is the
// store's own. Empty if the parent cannot be resolved.
std::string with_real_parent(const std::string& path) {
  const fs::path name = fs::path(path).filename();
  const std::string parent = real_path(fs::path(path).parent_path());
  return parent.empty() || name.empty() || name == "." || name == ".."
             ? std::string()
             : (fs::path(parent) / name).native();
}

}  // namespace

StoreDirectories::StoreDirectories(std::vector<fs::path> configured)
    : configured_(std::move(configured)) {
  for (fs::path& directory : configured_) {
    if (!directory.empty())
      directory = fs::absolute(directory);
    real_.push_back(real_path(directory));
  }
}

// Asks again for a directory that was not there: its file system may have been mounted since. Not
// for the others: a server that hangs must not stop the reads from other directories.
std::string StoreDirectories::real(std::size_t index) const {
  return real_[index].empty() ? real_path(configured_[index]) : real_[index];
}

std::vector<Place> StoreDirectories::containing(const std::string& path) const {
  struct Found {
    Place place;
    std::size_t depth = 0;
  };
  std::vector<Found> found;
  const auto look = [&](const std::string& wanted, bool by_real) {
    for (std::size_t i = 0; i < configured_.size() && !wanted.empty(); ++i) {
      const std::string directory = by_real ? real(i) : configured_[i].native();
      if (auto rest = below(directory, wanted))
        found.push_back({{configured_[i].native(), std::move(*rest)}, count_components(directory)});
    }
  };
  const bool dots = has_dots(path);
  if (!dots)
    look(path, false);
  if (!dots && found.empty())
    look(path, true);
  if (found.empty())
    look(with_real_parent(path), true);
  // The parent may not exist, or lead out of the store: open_beneath() says so.
  if (dots && found.empty())
    look(path, false);
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& left, const Found& right) { return left.depth > right.depth; });
  std::vector<Place> places;
  places.reserve(found.size());
  for (Found& one : found)
    places.push_back(std::move(one.place));
  return places;
}

}  // namespace backglance
