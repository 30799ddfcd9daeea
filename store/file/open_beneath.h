// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace backglance {

// Owns a file descriptor and closes it. Below zero: none.
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

// The result of opening: a file, or no file and an errno.
struct OpenedFile {
  Fd file;
  int error = 0;
};

// Opens a directory below which files are opened. The right to search it is enough; it need not be
// listable. It may be a symlink.
OpenedFile open_directory(const std::string& path);

// Opens `path` below `directory` with the flags of open(2). If "..", a symlink or a magic link of
// /proc leads out of the directory, the error is EXDEV or ELOOP. An absolute symlink always counts
// as leading out. Mount points may be crossed.
OpenedFile open_beneath(const Fd& directory, const std::string& path, int flags);

// The same for a kernel without openat2 (before Linux 5.6, or if a container's filter blocks it),
// one component at a time. It is stricter: every symlink gives ELOOP, every ".." gives EXDEV.
OpenedFile open_beneath_by_component(const Fd& directory, const std::string& path, int flags);

}  // namespace backglance
