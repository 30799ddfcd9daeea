// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace backglance {

// The parts, for files that grow. They return 0, or errno as it was.

// Writes all of `text`, over interruptions and short writes.
int write_all(int fd, std::string_view text);
// Brings the names in a directory to the disk: without it a new file may be gone after a loss of
// power. A directory that this process may not open, or that cannot be synced, counts as done.
int sync_directory(const std::filesystem::path& directory);
// The same for a directory that is open, also one with O_PATH.
int sync_directory_of(int directory);

}  // namespace backglance
