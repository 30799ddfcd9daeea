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

void UnfinishedFile::finish(mode_t mode, Existing existing) {
  int failed = fchmod(fd_, mode) == 0 && fsync(fd_) == 0 ? 0 : errno;
  if (failed == 0 && existing == Existing::kept)
    failed = rename_to_free_name(place_.directory(), part_, place_.directory(), place_.name());
  else if (failed == 0 && renameat(place_.directory(), part_.c_str(), place_.directory(),
                                   place_.name().c_str()) != 0)
    failed = errno;
  if (failed != 0)
    throw io_error(place_.what(), failed);
  part_.clear();
  // NFS tells only here of a full disk.
  if (close(std::exchange(fd_, -1)) != 0)
    failed = errno;
  if (const int unsynced = sync_directory_of(place_.directory()); failed == 0)
    failed = unsynced;
  if (failed != 0)
    throw io_error(place_.what(), failed);
}

UnfinishedDirectory::UnfinishedDirectory(std::filesystem::path final_path, const std::string& what)
    : final_path_(std::move(final_path)), what_(what) {
  std::string made = final_path_.string() + std::string(kMark) + std::string(kRandom, 'X');
  if (mkdtemp(made.data()) == nullptr)
    throw io_error(what_, errno);
  directory_ = made;
  file_ = directory_ / final_path_.filename();
  lock_ = open(made.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ >= 0)
    flock(lock_, LOCK_EX);
}

UnfinishedDirectory::~UnfinishedDirectory() {
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (lock_ >= 0)
    close(lock_);
}

void UnfinishedDirectory::finish() {
  const int fd = open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;
  if (fd >= 0)
    close(fd);
  if (failed == 0)
    failed = rename_to_free_name(AT_FDCWD, file_.string(), AT_FDCWD, final_path_.string());
  if (failed == 0)
    failed = sync_directory(final_path_.parent_path());
  if (failed != 0)
    throw io_error(what_, failed);
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
