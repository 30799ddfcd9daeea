// SPDX-License-Identifier: Apache-2.0
#include "base/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/unfinished_file.h"

namespace backglance {
namespace {

// What an unseen file gets: the names of images and owners are for those who may read the database.
constexpr mode_t kNewFile = 0640;
// Rights that an existing file may pass on.
constexpr mode_t kPassedOn = 0664;

// Looks at what has the name (`look` throws if it must not be replaced, and returns its rights for
// the new file), and puts the text in its place. Another run may do the same at the same time.
template <typename Look>
void replace(const OutputPlace& place, std::string_view text, const Look& look) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto seen = place.status();
    const mode_t mode = look(seen);
    UnfinishedFile file(place);
    if (const int failed = write_all(file.descriptor(), text); failed != 0)
      throw io_error(place.what(), failed);
    if (file.replace(mode, seen))
      return;
  }
  throw Error(ErrorKind::io, place.what() + ": another program replaces this file all the time");
}

OutputPlace place_of(const std::string& path) {
  return {path, "cannot write " + path, LastLink::follow};
}

bool is_replaced(const std::optional<struct stat>& there) {
  return !there || S_ISREG(there->st_mode) || S_ISDIR(there->st_mode);
}

}  // namespace

void require_kind(const OutputPlace& place, const FileKind& kind) {
  const auto there = place.status();
  if (!there || S_ISLNK(there->st_mode))
    return;
  if (S_ISDIR(there->st_mode))
    throw io_error(place.what(), EISDIR);
  if (!S_ISREG(there->st_mode) || place.is_descriptor())
    throw Error(ErrorKind::usage, place.what() + ": it is no file; name a file");
  place.require_own(*there);
  if (there->st_size > 0 && kind.is_one != nullptr && !kind.is_one(place.head()))
    throw Error(ErrorKind::usage,
                fmt::format("{}: the file is there and is not a {}; name another file, or move "
                            "this one away",
                            place.what(), kind.name));
}

void replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                  const std::string& name, const FileKind& kind) {
  const OutputPlace place(path, name, LastLink::keep);
  replace(place, text, [&](const std::optional<struct stat>& seen) {
    require_kind(place, kind);
    // What a link leads to stays, but nobody finds it there any more.
    if (seen && S_ISLNK(seen->st_mode))
      require_kind({path, name, LastLink::follow}, kind);
    return mode;
  });
}

void write_file(const std::string& path, std::string_view text, const FileKind& kind) {
  const OutputPlace place = place_of(path);
  const auto there = place.status();
  if (is_replaced(there) && !place.is_descriptor()) {
    replace(place, text, [&](const std::optional<struct stat>& seen) {
      require_kind(place, kind);
      return seen ? seen->st_mode & kPassedOn : kNewFile;
    });
    return;
  }
  const int fd = open_to_append(place, kNewFile, O_WRONLY);
  const int failed = write_all(fd, text);
  close(fd);
  if (failed != 0)
    throw io_error(place.what(), failed);
}

void require_writable_file(const std::string& path, const FileKind& kind) {
  const OutputPlace place = place_of(path);
  // A pipe is not opened: its reader would see the end of it.
  if (is_replaced(place.status()) && !place.is_descriptor())
    require_kind(place, kind);
}

}  // namespace backglance
