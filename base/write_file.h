// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace backglance {

// Writes whole files. A reader sees the old file or the new one and never a part of it, and so does
// who looks after a loss of power: the text goes to a new file beside the old one, is brought to
// the disk, and takes the old one's name; then the directory is brought to the disk.

// Makes or replaces `path`, which is replaced itself if it is a link. The file gets exactly the
// rights of `mode`, whatever the umask. `name` is what an error calls the file: "<name>: reason".
// A new file that a killed process has left is "<path>.XXXXXX", with six letters or digits.
// Throws Error{io}. No new file is left behind then, except where only the directory could not be
// synced: the new file is in its place already.
void replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                  const std::string& name);

// Makes or replaces the file that `path` leads to, links followed. A file that is there keeps its
// rights; a new one gets 0640. What is no regular file (a pipe, a device) is written to instead.
// Throws Error{io}: "cannot write <path>: reason".
void write_file(const std::string& path, std::string_view text);

// The parts, for files that grow. Both return 0, or errno as it was.

// Writes all of `text`, over interruptions and short writes.
int write_all(int fd, std::string_view text);
// Brings the names in a directory to the disk: without it a new file may be gone after a loss of
// power. A directory that this process may not open, or that cannot be synced, counts as done.
int sync_directory(const std::filesystem::path& directory);

}  // namespace backglance
