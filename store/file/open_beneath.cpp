// SPDX-License-Identifier: Apache-2.0
#include "store/file/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/text.h"

namespace backglance {
namespace {

// openat2 gives up with EAGAIN if a rename anywhere passes by a ".."; more often in a row than
// this, and it is something else (a lease that somebody will not give back).
constexpr int kTries = 10;

OpenedFile opened(int result) {
  if (result < 0)
    return {Fd(), errno};
  return {Fd(result), 0};
}

bool is_symlink(const Fd& directory, const std::string& name) {
  struct stat status;
  return fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

}  // namespace

Fd::~Fd() {
  if (number_ >= 0)
    close(number_);
}

OpenedFile open_directory(const std::string& path) {
  OpenedFile directory = opened(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // O_PATH asks for no right at all on the directory itself, and gets a handle on a dead NFS mount.
  if (directory.file && faccessat(directory.file.get(), ".", X_OK, AT_EACCESS) != 0)
    return {Fd(), errno};
  return directory;
}

OpenedFile open_beneath(const Fd& directory, const std::string& path, int flags) {
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  OpenedFile file;
  for (int i = 0; i < kTries; ++i) {
    file = opened(
        static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    if (file.error != EAGAIN && file.error != EINTR)
      break;
  }
  // A filter that does not know the call says EPERM as often as ENOSYS.
  if (file.error == ENOSYS || file.error == EPERM)
    return open_beneath_by_component(directory, path, flags);
  return file;
}

OpenedFile open_beneath_by_component(const Fd& directory, const std::string& path, int flags) {
  if (path.starts_with('/'))
    return {Fd(), EXDEV};
  std::vector<std::string> names;
  for (std::string& name : split(path, '/')) {
    if (name == "..")
      return {Fd(), EXDEV};
    if (!name.empty() && name != ".")
      names.push_back(std::move(name));
  }
  std::string last = ".";
  if (!names.empty()) {
    last = names.back();
    names.pop_back();
  }
  if (path.ends_with('/'))
    flags |= O_DIRECTORY;

  Fd parent;
  const Fd* at = &directory;
  for (const std::string& name : names) {
    OpenedFile next =
        opened(openat(at->get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    // O_DIRECTORY with O_NOFOLLOW calls a symlink ENOTDIR, which would read as "no such image".
    if (next.error == ENOTDIR && is_symlink(*at, name))
      return {Fd(), ELOOP};
    if (!next.file)
      return next;
    parent = std::move(next.file);
    at = &parent;
  }
  OpenedFile file = opened(openat(at->get(), last.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
  // Nor is ELOOP certain here: O_PATH opens the symlink itself.
  if ((file.error == ENOTDIR || (flags & O_PATH)) && is_symlink(*at, last))
    return {Fd(), ELOOP};
  return file;
}

}  // namespace backglance
