// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/output_place.h"

namespace backglance {

// A file gets its name when it is whole and on the disk. Until then it is "<name>.part-XXXXXX" in
// the same directory (a rename does not leave a file system), with six letters or digits, and is
// locked (flock), so that what a killed process has left can be told from what is being written.

class UnfinishedFile {
 public:
  // Makes the file, which only its owner may read. `place` must live longer. Throws Error{io}.
  explicit UnfinishedFile(const OutputPlace& place);
  // Removes it, unless finish() has succeeded.
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  int descriptor() const { return fd_; }
  // Gives the file its rights, brings it to the disk, gives it its name, which must be free, and
  // brings the directory to the disk. Throws Error{io}. The file is in its place if only the
  // directory could not be synced.
  void finish(mode_t mode);
  // The same, in the place of what the caller has looked at: `seen`, the status of the name itself
  // (of a link, the link's), or nothing. False if something else has the name by now, or nothing
  // any more: then that is left as it is, and the caller looks again. A file system that cannot
  // exchange two names (NFS) replaces what is there.
  bool replace(mode_t mode, const std::optional<struct stat>& seen);

 private:
  void named();

  const OutputPlace& place_;
  std::string part_;
  int fd_ = -1;
};

// The same for a file that another library writes, and its companions: a directory
// "<name>.part-XXXXXX" for them, which only its owner may enter.
class UnfinishedDirectory {
 public:
  // `final_path` is where the file belongs; `what` is what an error calls it. Makes the file,
  // empty, which only its owner may read. Throws Error{io}, and what OutputPlace throws.
  UnfinishedDirectory(const std::filesystem::path& final_path, const std::string& what);
  ~UnfinishedDirectory();
  UnfinishedDirectory(const UnfinishedDirectory&) = delete;
  UnfinishedDirectory& operator=(const UnfinishedDirectory&) = delete;

  // The path under which the file is to be written.
  const std::filesystem::path& file() const { return file_; }
  // Brings the file to the disk and gives it its name, which must not be taken. Throws Error{io}.
  void finish();

 private:
  void remove();

  OutputPlace place_;
  std::string name_;  // of the directory, in place_.directory()
  std::filesystem::path file_;
  int lock_ = -1;  // the directory
};

// Gives `from` the name `to`, both below open directories, if no file has it. Returns 0 or an
// errno.
int rename_to_free_name(int from_directory, const std::string& from, int to_directory,
                        const std::string& to);

// Removes from `directory` what killed processes of this user have left unfinished of the files
// whose names `is_ours` accepts. What cannot be looked at or removed stays; nothing is reported.
void remove_unfinished(const std::filesystem::path& directory,
                       const std::function<bool(std::string_view name)>& is_ours);

}  // namespace backglance
