// SPDX-License-Identifier: Apache-2.0
#include "base/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"

namespace backglance {
namespace {

// What an unseen file gets: the names of images and owners are for those who may read the database.
constexpr mode_t kNewFile = 0640;

// Text, rights and disk, in this order: the file gets its name only when all of it is there.
int fill(int fd, std::string_view text, mode_t mode) {
  if (const int failed = write_all(fd, text); failed != 0)
    return failed;
  return fchmod(fd, mode) == 0 && fsync(fd) == 0 ? 0 : errno;
}

int write_to_existing(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  const int failed = write_all(fd, text);
  close(fd);
  return failed;
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote >= 0)
      text.remove_prefix(static_cast<std::size_t>(wrote));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

int sync_directory(const std::filesystem::path& directory) {
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  const int failed = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  close(fd);
  return failed;
}

void replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                  const std::string& name) {
  // In the same directory, for a rename does not leave a file system.
  std::string part = path.string() + ".XXXXXX";
  const int fd = mkostemp(part.data(), O_CLOEXEC);
  if (fd < 0)
    throw io_error(name, errno);
  int failed = fill(fd, text, mode);
  // NFS tells only here of a full disk.
  if (close(fd) != 0 && failed == 0)
    failed = errno;
  if (failed == 0 && rename(part.c_str(), path.c_str()) != 0)
    failed = errno;
  if (failed != 0) {
    unlink(part.c_str());
    throw io_error(name, failed);
  }
  if (const int unsynced = sync_directory(path.parent_path()); unsynced != 0)
    throw io_error(name, unsynced);
}

void write_file(const std::string& path, std::string_view text) {
  const std::string name = "cannot write " + path;
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  if (error)
    throw io_error(name, error.value());
  struct stat status = {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    throw io_error(name, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    if (const int failed = write_to_existing(path, text); failed != 0)
      throw io_error(name, failed);
    return;
  }
  replace_file(target, text, exists ? status.st_mode & 07777 : kNewFile, name);
}

}  // namespace backglance
