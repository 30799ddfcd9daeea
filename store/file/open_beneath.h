// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace backglance {

// A file descriptor with an owner. Below zero: none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// What open() gave: a file, or none and an errno.
struct Opened {
  Fd file;
  int error = 0;
};

// A directory that files are opened beneath: one that may be searched, whether or not it may be
// listed. It may be a symlink.
Opened open_directory(const std::string& path);

// Opens `path` beneath `directory` with the flags of open(2), so that neither "..", nor a symlink,
// nor a magic link of /proc leads out of it. Where one does: EXDEV or ELOOP. An absolute symlink
// counts as leading out, wherever it points. Mounts are crossed.
Opened open_beneath(const Fd& directory, const std::string& path, int flags);

// The same for a kernel without openat2 (before Linux 5.6, or hidden by a container's filter), one
// component at a time. Stricter: every symlink is ELOOP, every ".." EXDEV.
Opened open_beneath_by_component(const Fd& directory, const std::string& path, int flags);

}  // namespace backglance
