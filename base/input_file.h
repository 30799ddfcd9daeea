// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace backglance {

// Files that the command line names and that must exist. A file that does not exist, a directory,
// and a file that this user may not read are wrong usage, whatever option named them: the functions
// throw Error{usage} with the name and the reason. Any thread.

// Opens the file for reading. The caller closes the descriptor.
int open_input(const std::filesystem::path& file);

// The first `most` bytes of the file. Throws Error{io} if reading fails halfway.
std::string read_input(const std::filesystem::path& file, std::size_t most);

}  // namespace backglance
