// SPDX-License-Identifier: Apache-2.0
#include "base/unfinished_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/write_all.h"

namespace backglance {
namespace {

constexpr std::string_view kMark = ".part-";
constexpr std::size_t kRandom = 6;
constexpr std::string_view kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

std::string part_name(const std::string& name) {
  std::random_device random;
  std::string part = name + std::string(kMark);
  for (std::size_t i = 0; i < kRandom; ++i)
    part += kLetters[random() % kLetters.size()];
  return part;
}

// The name that the finished file would have had; empty if this is no such file.
std::string_view final_name(std::string_view part) {
  if (part.size() <= kMark.size() + kRandom)
    return {};
  const std::size_t at = part.size() - kRandom - kMark.size();
  const std::string_view random = part.substr(part.size() - kRandom);
  const bool is_part = part.substr(at, kMark.size()) == kMark &&
                       random.find_first_not_of(kLetters) == std::string_view::npos;
  return is_part ? part.substr(0, at) : std::string_view();
}

// True if nobody writes it any more. A file system without locks says no.
bool is_left_behind(int directory, const std::string& name) {
  struct stat status = {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      status.st_uid != geteuid() || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
    return false;
  // NFS locks only what is open for writing.
  const int fd = openat(directory, name.c_str(),
                        (S_ISDIR(status.st_mode) ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_NOFOLLOW |
                            O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return false;
  const bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return is_free;
}

}  // namespace

int rename_to_free_name(int from_directory, const std::string& from, int to_directory,
                        const std::string& to) {
  if (renameat2(from_directory, from.c_str(), to_directory, to.c_str(), RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // NFS and some others have no such rename. A link is as good.
  if (linkat(from_directory, from.c_str(), to_directory, to.c_str(), 0) == 0)
    return unlinkat(from_directory, from.c_str(), 0) == 0 ? 0 : errno;
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
    return errno;
  if (faccessat(to_directory, to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return EEXIST;
  return renameat(from_directory, from.c_str(), to_directory, to.c_str()) == 0 ? 0 : errno;
}

UnfinishedFile::UnfinishedFile(const OutputPlace& place) : place_(place) {
  constexpr int kAttempts = 100;
  for (int attempt = 0; fd_ < 0; ++attempt) {
    part_ = part_name(place.name());
    const int fd = openat(place.directory(), part_.c_str(),
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && (errno != EEXIST || attempt == kAttempts))
      throw io_error(place.what(), errno);
    if (fd < 0)
      continue;
    flock(fd, LOCK_EX);
    // Another process may have removed it before it was locked.
    struct stat status = {};
    if (fstat(fd, &status) == 0 && status.st_nlink == 0 && attempt < kAttempts)
      close(fd);
    else
      fd_ = fd;
  }
}

UnfinishedFile::~UnfinishedFile() {
  if (!part_.empty())
    unlinkat(place_.directory(), part_.c_str(), 0);
  if (fd_ >= 0)
    close(fd_);
}

void UnfinishedFile::finish(mode_t mode) {
  int failed = fchmod(fd_, mode) == 0 && fsync(fd_) == 0 ? 0 : errno;
  if (failed == 0)
    failed = rename_to_free_name(place_.directory(), part_, place_.directory(), place_.name());
  if (failed != 0)
    throw io_error(place_.what(), failed);
  named();
}

// The file has its name.
void UnfinishedFile::named() {
  part_.clear();
  // NFS tells only here of a full disk.
  int failed = close(std::exchange(fd_, -1)) == 0 ? 0 : errno;
  if (const int unsynced = sync_directory_of(place_.directory()); failed == 0)
    failed = unsynced;
  if (failed != 0)
    throw io_error(place_.what(), failed);
}

bool UnfinishedFile::replace(mode_t mode, const std::optional<struct stat>& seen) {
  if (fchmod(fd_, mode) != 0 || fsync(fd_) != 0)
    throw io_error(place_.what(), errno);
  const int directory = place_.directory();
  int failed = 0;
  if (!seen) {
    failed = rename_to_free_name(directory, part_, directory, place_.name());
    if (failed == EEXIST)
      return false;
  } else if (renameat2(directory, part_.c_str(), directory, place_.name().c_str(),
                       RENAME_EXCHANGE) == 0) {
    struct stat old = {};
    const bool is_seen = fstatat(directory, part_.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
                         old.st_dev == seen->st_dev && old.st_ino == seen->st_ino;
    if (!is_seen) {
      // If it cannot go back, it stays under this name: it is not ours to remove.
      if (renameat2(directory, part_.c_str(), directory, place_.name().c_str(), RENAME_EXCHANGE) !=
          0)
        part_.clear();
      return false;
    }
    unlinkat(directory, part_.c_str(), 0);
  } else if (errno == ENOENT) {
    return false;
    // NFS and some others cannot exchange two names.
  } else if ((errno != EINVAL && errno != ENOSYS) ||
             renameat(directory, part_.c_str(), directory, place_.name().c_str()) != 0) {
    failed = errno;
  }
  if (failed != 0)
    throw io_error(place_.what(), failed);
  named();
  return true;
}

UnfinishedDirectory::UnfinishedDirectory(const std::filesystem::path& final_path,
                                         const std::string& what)
    : place_(final_path, what, LastLink::keep) {
  constexpr int kAttempts = 100;
  for (int attempt = 0; name_.empty(); ++attempt) {
    std::string name = part_name(place_.name());
    if (mkdirat(place_.directory(), name.c_str(), 0700) == 0)
      name_ = std::move(name);
    else if (errno != EEXIST || attempt == kAttempts)
      throw io_error(what, errno);
  }
  lock_ =
      openat(place_.directory(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const int fd = lock_ < 0 ? -1
                           : openat(lock_, place_.name().c_str(),
                                    O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    const int failed = errno;
    remove();
    throw io_error(what, failed);
  }
  close(fd);
  flock(lock_, LOCK_EX);
  file_ = final_path.parent_path() / name_ / place_.name();
}

UnfinishedDirectory::~UnfinishedDirectory() {
  remove();
}

// The file, and what a library has left beside it. There are no folders in it.
void UnfinishedDirectory::remove() {
  if (lock_ >= 0) {
    if (DIR* const stream = fdopendir(dup(lock_))) {
      // NOLINTNEXTLINE(concurrency-mt-unsafe): this stream is this function's own
      while (const dirent* const entry = readdir(stream))
        unlinkat(lock_, entry->d_name, 0);
      closedir(stream);
    }
    close(std::exchange(lock_, -1));
  }
  unlinkat(place_.directory(), name_.c_str(), AT_REMOVEDIR);
}

void UnfinishedDirectory::finish() {
  // By the open directory: had somebody exchanged a part of the path, the library would have
  // written another file, and this one would be empty.
  const int fd = openat(lock_, place_.name().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status = {};
  int failed = fd < 0 || fstat(fd, &status) != 0 || fsync(fd) != 0 ? errno : 0;
  if (fd >= 0)
    close(fd);
  if (failed == 0 && status.st_size == 0)
    throw Error(ErrorKind::io, place_.what() +
                                   ": another file was written; was its directory "
                                   "moved?");
  if (failed == 0)
    failed = rename_to_free_name(lock_, place_.name(), place_.directory(), place_.name());
  if (failed == 0)
    failed = sync_directory_of(place_.directory());
  if (failed != 0)
    throw io_error(place_.what(), failed);
}

void remove_unfinished(const std::filesystem::path& directory,
                       const std::function<bool(std::string_view name)>& is_ours) {
  DIR* const stream = opendir(directory.empty() ? "." : directory.c_str());
  if (stream == nullptr)
    return;
  std::vector<std::string> left;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this stream is this function's own
  while (const dirent* const entry = readdir(stream)) {
    const std::string_view name = final_name(entry->d_name);
    if (!name.empty() && is_ours(name) && is_left_behind(dirfd(stream), entry->d_name))
      left.emplace_back(entry->d_name);
  }
  closedir(stream);
  std::error_code error;
  for (const std::string& name : left)
    std::filesystem::remove_all(directory / name, error);
}

}  // namespace backglance
