// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// Where an output goes: a directory that is held open, and a name in it. Everything about the file
// is asked and done below this directory, so nobody can exchange a part of the path in between.

// Whether the last part of a path is followed if it is a link.
enum class LastLink { follow, keep };

class OutputPlace {
 public:
  // Follows `path`. `what` is what an error calls it, for example "--metrics FILE". The file need
  // not exist, the directories must. A link on the way is followed if root or the user of this
  // process made it. Throws Error{usage} for a link of another user, who could lead the output
  // anywhere with it; Error{io} if a directory is missing or cannot be entered.
  OutputPlace(const std::filesystem::path& path, std::string what, LastLink last);
  ~OutputPlace();
  OutputPlace(OutputPlace&& other) noexcept;
  OutputPlace(const OutputPlace&) = delete;
  OutputPlace& operator=(const OutputPlace&) = delete;
  OutputPlace& operator=(OutputPlace&&) = delete;

  int directory() const { return directory_; }
  const std::string& name() const { return name_; }
  const std::string& what() const { return what_; }
  // What has the name, or nothing. Throws Error{io}.
  std::optional<struct stat> status() const;
  // Throws Error{usage} if `status`, which is a regular file, may be a trap: it lies in a directory
  // in which everybody may write, and is another user's or has a second name.
  void require_own(const struct stat& status) const;
  // The beginning of the regular file, at most 64 KiB. Throws Error{io}; a file that is no regular
  // file is not opened.
  std::string head() const;
  // True for an entry of /proc/PID/fd, which is no name but stands for an open descriptor.
  bool is_descriptor() const { return is_descriptor_; }
  // True if both are the same name in the same directory, or names of the same file.
  bool is_same(const OutputPlace& other) const;

 private:
  int directory_ = -1;
  std::string name_;
  std::string what_;
  bool is_descriptor_ = false;
};

// Opens the file for appending and makes it with `mode` if it does not exist; `extra` are more
// flags of open(2), for example O_RDWR. A pipe is opened if a program reads from it; of devices
// only terminals, /dev/null and /dev/full. Never waits. Throws Error{usage} for anything else,
// Error{io} if it cannot be opened. The caller closes the descriptor.
int open_to_append(const OutputPlace& place, mode_t mode, int access);

}  // namespace backglance
