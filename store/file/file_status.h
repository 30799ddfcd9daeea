// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "store/file/open_beneath.h"

namespace backglance {

// What identifies a file and its content, as statx(2) has it. Times in ns. Whoever writes to a file
// may put its mtime back, but not its ctime.
struct FileStatus {
  mode_t mode = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t mtime = 0;
  std::int64_t ctime = 0;

  bool is_same_file(const FileStatus& other) const {
    return device == other.device && inode == other.inode;
  }
};

// "device:inode:length:mtime:ctime".
std::string identity_of(const FileStatus& status);

// Asks the file system itself: a network file system may otherwise answer from a cache that is a
// minute old. An old container engine does not know the call; then the cache must do. On an error
// it returns false and sets errno.
bool read_status(const Fd& file, FileStatus& status);

// True if another change could still get the ctime that the file has: a file system takes the time
// from a clock that ticks every few ms, and some keep only whole seconds. A ctime further in the
// future comes from another host's clock, and nothing can be said about it.
bool is_within_tick(const FileStatus& status);

// Waits until every later change must show in the ctime, a second at most: then is_within_tick() is
// still true, because somebody writes to the file all the time. `status` is renewed. On an error it
// returns false and sets errno.
bool await_tick(const Fd& file, FileStatus& status);

}  // namespace backglance
