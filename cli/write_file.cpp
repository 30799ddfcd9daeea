// SPDX-License-Identifier: Apache-2.0
#include "cli/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace backglance {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

 private:
  int fd_;
};

void write_all(int fd, const std::string& path, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR)
      throw io_error("cannot write " + path, errno);
    done += static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
  }
}

}  // namespace

void write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  struct stat status = {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (error)
    throw io_error("cannot write " + path, error.value());
  if (exists && S_ISDIR(status.st_mode))
    throw io_error("cannot write " + path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
      throw io_error("cannot write " + path, errno);
    const FileDescriptor owner(fd);
    return write_all(fd, path, text);
  }
  std::string part = target.string() + ".XXXXXX";
  const int fd = mkostemp(part.data(), O_CLOEXEC);
  if (fd < 0)
    throw io_error("cannot write " + path, errno);
  const FileDescriptor owner(fd);
  try {
    write_all(fd, path, text);
    // The names of images and owners are for those who may read the database.
    if (fchmod(fd, exists ? status.st_mode & 07777 : 0640) != 0 || fsync(fd) != 0 ||
        rename(part.c_str(), target.c_str()) != 0)
      throw io_error("cannot write " + path, errno);
  } catch (const Error&) {
    unlink(part.c_str());
    throw;
  }
}

}  // namespace backglance
