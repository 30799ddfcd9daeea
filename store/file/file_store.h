// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "store/source.h"

namespace backglance {

// Glance's file store: regular files inside the configured directories.
//
// A location belongs to a directory if its path begins with that directory's, component by
// component; no symlink is resolved for that. Of nested directories the longest is tried first.
//
// A file is opened relative to its store directory with openat2(RESOLVE_BENEATH |
// RESOLVE_NO_MAGICLINKS), so no symlink and no ".." leads out of it; where the kernel has no
// openat2, with one openat(O_NOFOLLOW) per path component, which refuses every symlink. The store
// directory itself may be a symlink: it is the operator's. Opened with O_NONBLOCK, so that a FIFO
// cannot hang a worker, and refused unless regular.
//
// The page cache is left as it was found: pages that were not resident before the read are dropped
// (POSIX_FADV_DONTNEED) once read (page_cache.h).
//
// Reasons of failures name the store directory at most, never the path below it.
class FileStore : public SourceOpener {
 public:
  // Relative directories are taken from the current one. An empty name is no directory, and
  // unavailable.
  explicit FileStore(std::vector<std::filesystem::path> directories);

  bool handles(const std::string& scheme) const override;

  // The Source may outlive the store. Its identity() also looks the location up again: a file that
  // was removed or replaced meanwhile is changed_while_read.
  std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) override;
  std::variant<std::string, ReadFailure> identify(const Location& location) override;

  // The innermost store directory above it; empty if there is none.
  std::string place_of(const Location& location) const override;
  // But for lost+found. One that cannot be listed is not empty.
  bool is_empty(const std::string& place) const override;

  // The configured directories that cannot be opened now: a mount that is gone looks like a site
  // without images, and must not be taken for one.
  std::vector<std::filesystem::path> unavailable_directories() const;

 private:
  std::vector<std::filesystem::path> directories_;
};

}  // namespace backglance
