// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glance/site.h"
#include "store/file/store_path.h"
#include "store/source.h"
#include "store/store_settings.h"

namespace backglance {

// Glance's file store: regular files inside the configured directories.
//
// Which directory a location belongs to, see StoreDirectories (store/file/store_path.h). If
// directories are nested, the innermost is tried first.
//
// A file is opened relative to its store directory with openat2(RESOLVE_BENEATH |
// RESOLVE_NO_MAGICLINKS), so no symlink and no ".." can lead out of it. On kernels without openat2,
// one openat(O_NOFOLLOW) per path component is used, which refuses every symlink. The store
// directory itself may be a symlink, because the operator made it. Files are opened with
// O_NONBLOCK, so that a FIFO cannot block a worker. Everything but a regular file is refused.
//
// The page cache is left as it was: pages that were not resident before the read are dropped after
// it (POSIX_FADV_DONTNEED; see page_cache.h).
//
// Attributes are asked of the file system itself (statx with AT_STATX_FORCE_SYNC), not of a cache
// of this host. A change shows in the ctime, which takes its time from a clock with ticks. So
// open() waits until the tick of the last change is over: some ms, or up to a second on a file
// system that keeps whole seconds, and only for a file that was changed just now.
//
// The reason of a failure may name the store directory, but never the path inside it.
class FileStore : public SourceOpener {
 public:
  // Relative directories start at the current directory. An empty name counts as a directory that
  // is unavailable. `ids`: the store of each directory; fewer: the others have no id.
  explicit FileStore(std::vector<std::filesystem::path> directories,
                     std::vector<std::string> ids = {});

  // The Source may be used after the store is gone. Its identity() also looks up the path again: if
  // the file was removed or replaced meanwhile, the result is changed_while_read. The same if its
  // length, mtime or ctime changed.
  std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) override;
  std::variant<std::string, ReadFailure> identify(const Location& location) override;

  // The directory of the file, below the innermost store directory that contains the location: each
  // directory may be a mount that is away. If no store directory contains it, and the file has
  // the name of an image id, as Glance itself names files: the file's own directory, because it is
  // a store directory that this configuration lacks. Otherwise empty.
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  // A lost+found does not count. A directory that is not there counts as empty, and one that cannot
  // be listed as not empty.
  bool is_empty(const std::string& place) const override;
  // The configured directories, an empty name included.
  std::vector<PlaceState> survey() const override;

 private:
  StoreDirectories directories_;
  std::vector<std::string> ids_;  // of directories_.configured(), or fewer
};

inline constexpr std::string_view kFileSchemes[] = {"file", "filesystem"};

// All file stores of the site as one. For store/registry.cpp.
std::unique_ptr<SourceOpener> open_file_stores(const Site& site, const StoreSettings& settings,
                                               const StoreHooks& hooks);

}  // namespace backglance
