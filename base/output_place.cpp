// SPDX-License-Identifier: Apache-2.0
#include "base/output_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kEnter = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kMostLinks = 40;  // as the kernel

using Parts = std::deque<std::string>;

// Puts the parts of `path` in front of `rest`. Returns true if it begins at the root.
bool prepend(const std::string& path, Parts& rest) {
  Parts parts;
  for (const std::string& part : split(path, '/'))
    if (!part.empty() && part != ".")
      parts.push_back(part);
  // A directory is meant, even if a file has the name.
  if (rest.empty() && (path.ends_with('/') || path.ends_with("/.") || parts.empty()))
    parts.emplace_back(".");
  rest.insert(rest.begin(), parts.begin(), parts.end());
  return path.starts_with('/');
}

std::string link_target(int directory, const std::string& name, const std::string& what) {
  std::array<char, 4096> target = {};
  const ssize_t length = readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length < 0 || static_cast<std::size_t>(length) == target.size())
    throw io_error(what, length < 0 ? errno : ENAMETOOLONG);
  return {target.data(), static_cast<std::size_t>(length)};
}

bool is_in_proc(int directory) {
  struct statfs status = {};
  return fstatfs(directory, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

// /dev/null and /dev/full take every write and keep none.
bool is_harmless_device(const struct stat& status) {
  constexpr unsigned kMemory = 1;
  constexpr unsigned kNull = 3;
  constexpr unsigned kFull = 7;
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == kMemory &&
         (minor(status.st_rdev) == kNull || minor(status.st_rdev) == kFull);
}

}  // namespace

OutputPlace::OutputPlace(const std::filesystem::path& path, std::string what, LastLink last)
    : what_(std::move(what)) {
  if (path.empty())
    throw io_error(what_, ENOENT);
  Parts rest;
  const auto enter = [&](int from, const char* name, int flags) {
    const int fd = openat(from, name, kEnter | flags);
    if (fd < 0) {
      const int failed = errno;
      if (directory_ >= 0)
        close(std::exchange(directory_, -1));
      throw io_error(what_, failed);
    }
    if (directory_ >= 0)
      close(directory_);
    directory_ = fd;
  };
  enter(AT_FDCWD, prepend(path.string(), rest) ? "/" : ".", 0);
  try {
    for (int links = 0;;) {
      const std::string part = rest.front();
      rest.pop_front();
      const bool is_last = rest.empty();
      struct stat status = {};
      const bool is_there = fstatat(directory_, part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
      if (!is_there && (!is_last || errno != ENOENT))
        throw io_error(what_, errno);
      const bool is_link = is_there && S_ISLNK(status.st_mode);
      if (is_link && status.st_uid != geteuid() && status.st_uid != 0)
        throw Error(ErrorKind::usage,
                    fmt::format("{}: {} is a link that another user has made; name the path that "
                                "it leads to",
                                what_, printable(part)));
      is_descriptor_ = is_link && is_last && is_in_proc(directory_);
      if (is_last && (!is_link || is_descriptor_ || last == LastLink::keep)) {
        name_ = part;
        return;
      }
      if (!is_link) {
        enter(directory_, part.c_str(), O_NOFOLLOW);
        continue;
      }
      if (++links > kMostLinks)
        throw io_error(what_, ELOOP);
      if (prepend(link_target(directory_, part, what_), rest))
        enter(AT_FDCWD, "/", 0);
    }
  } catch (...) {
    if (directory_ >= 0)
      close(directory_);
    throw;
  }
}

OutputPlace::~OutputPlace() {
  if (directory_ >= 0)
    close(directory_);
}

OutputPlace::OutputPlace(OutputPlace&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)),
      name_(std::move(other.name_)),
      what_(std::move(other.what_)),
      is_descriptor_(other.is_descriptor_) {}

std::optional<struct stat> OutputPlace::status() const {
  struct stat status = {};
  if (fstatat(directory_, name_.c_str(), &status, is_descriptor_ ? 0 : AT_SYMLINK_NOFOLLOW) == 0)
    return status;
  if (errno == ENOENT)
    return std::nullopt;
  throw io_error(what_, errno);
}

void OutputPlace::require_own(const struct stat& status) const {
  struct stat directory = {};
  if (fstatat(directory_, "", &directory, AT_EMPTY_PATH) != 0)
    throw io_error(what_, errno);
  if ((directory.st_mode & S_IWOTH) == 0)
    return;
  // Another user could have placed the file, or a second name of a file of ours that lies
  // elsewhere.
  if (status.st_uid != geteuid() || status.st_nlink > 1)
    throw Error(
        ErrorKind::usage,
        fmt::format("{}: everybody may write into its directory, and the file {}; name a "
                    "file in another directory",
                    what_, status.st_nlink > 1 ? "has a second name" : "is another user's"));
}

std::string OutputPlace::head() const {
  constexpr std::size_t kMost = 1 << 16;
  // O_NONBLOCK: should it have become a pipe meanwhile.
  const int fd =
      openat(directory_, name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    throw io_error(what_, errno);
  std::string text(kMost, '\0');
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  const int failed = errno;
  close(fd);
  if (length < 0)
    throw io_error(what_, failed);
  text.resize(static_cast<std::size_t>(length));
  return text;
}

bool OutputPlace::is_same(const OutputPlace& other) const {
  const auto same_inode = [](const struct stat& one, const struct stat& two) {
    return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
  };
  struct stat here = {};
  struct stat there = {};
  if (name_ == other.name_ && fstatat(directory_, "", &here, AT_EMPTY_PATH) == 0 &&
      fstatat(other.directory_, "", &there, AT_EMPTY_PATH) == 0 && same_inode(here, there))
    return true;
  const auto mine = status();
  const auto its = other.status();
  return mine && its && same_inode(*mine, *its);
}

int open_to_append(const OutputPlace& place, mode_t mode, int access) {
  const auto there = place.status();
  const bool is_regular = !there || S_ISREG(there->st_mode);
  // A pipe is opened for writing only: opened for both, it would be its own reader.
  const int flags = (is_regular ? access : O_WRONLY) | O_APPEND | O_NONBLOCK | O_NOCTTY |
                    O_CLOEXEC | (place.is_descriptor() ? 0 : O_NOFOLLOW) | (there ? 0 : O_CREAT);
  if (there && S_ISDIR(there->st_mode))
    throw io_error(place.what(), EISDIR);
  if (!is_regular && !S_ISFIFO(there->st_mode) && !S_ISCHR(there->st_mode))
    throw Error(ErrorKind::usage, place.what() + ": it is no file; name a file");
  const int fd = openat(place.directory(), place.name().c_str(), flags, mode);
  if (fd < 0 && errno == ENXIO && there && S_ISFIFO(there->st_mode))
    throw Error(ErrorKind::io, place.what() + ": no program reads from this pipe");
  if (fd < 0)
    throw io_error(place.what(), errno);
  try {
    struct stat opened = {};
    if (fstat(fd, &opened) != 0)
      throw io_error(place.what(), errno);
    if (S_ISREG(opened.st_mode))
      place.require_own(opened);
    else if (!S_ISFIFO(opened.st_mode) && !is_harmless_device(opened) && isatty(fd) != 1)
      throw Error(ErrorKind::usage, place.what() + ": it is a device; name a file");
    // Only the opening must not wait.
    const int now = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, now & ~O_NONBLOCK);
  } catch (...) {
    close(fd);
    throw;
  }
  return fd;
}

}  // namespace backglance
