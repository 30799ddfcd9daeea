// SPDX-License-Identifier: Apache-2.0
#include "store/file/store_path.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "store/answer.h"
#include "store/file/open_beneath.h"

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

// How long a directory that did not answer is not asked again.
constexpr std::chrono::minutes kSilence{1};

}  // namespace

StoreDirectories::StoreDirectories(std::vector<fs::path> configured)
    : configured_(std::move(configured)) {
  for (fs::path& directory : configured_) {
    if (!directory.empty())
      directory = fs::absolute(directory);
    real_.push_back(real_path(directory));
  }
}

void StoreDirectories::set_silent(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  silent_until_[path] = std::chrono::steady_clock::now() + kSilence;
}

bool StoreDirectories::is_silent(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  return std::ranges::any_of(silent_until_, [&](const auto& one) {
    return now < one.second && (directory == one.first || directory.starts_with(one.first + "/"));
  });
}

// Without symlinks and ".."; empty if it does not exist, cannot be resolved, or does not answer.
std::string StoreDirectories::real_path(const fs::path& path) const {
  if (path.empty() || is_silent(path.native()))
    return {};
  const auto real = answer_within(kDirectoryPatience, [path] {
    std::error_code error;
    const fs::path found = fs::canonical(path, error);
    return error ? std::string() : found.native();
  });
  if (!real)
    set_silent(path.native());
  return real.value_or("");
}

// The path with its parent directory resolved, but not its last component: a link there is the
// store's own. Empty if the parent cannot be resolved.
std::string StoreDirectories::with_real_parent(const std::string& path) const {
  const fs::path name = fs::path(path).filename();
  const std::string parent = real_path(fs::path(path).parent_path());
  return parent.empty() || name.empty() || name == "." || name == ".."
             ? std::string()
             : (fs::path(parent) / name).native();
}

std::vector<std::string> StoreDirectories::survey() const {
  constexpr const char* kNoAnswer = "it does not answer (is its server down?)";
  std::vector<std::string> whys;
  for (const fs::path& directory : configured_) {
    if (directory.empty()) {
      whys.emplace_back("its name is empty");
      continue;
    }
    std::optional<std::string> why;
    if (!is_silent(directory.native())) {
      why = answer_within(kDirectoryPatience, [name = directory.native()] {
        const OpenedFile opened = open_directory(name);
        return opened.file ? std::string() : std::generic_category().message(opened.error);
      });
      if (!why)
        set_silent(directory.native());
    }
    whys.push_back(why.value_or(kNoAnswer));
  }
  return whys;
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
