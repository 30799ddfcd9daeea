// SPDX-License-Identifier: Apache-2.0
#include "base/write_all.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace backglance {
namespace {

int sync_opened(int fd) {
  if (fd < 0)
    return 0;
  const int failed = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
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
  return sync_opened(open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC));
}

int sync_directory_of(int directory) {
  return sync_opened(openat(directory, ".", O_RDONLY | O_CLOEXEC));
}

}  // namespace backglance
