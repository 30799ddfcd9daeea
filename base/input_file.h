// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace backglance {

// Files that the command line names and that must exist. A file that does not exist, a directory,
// and a file that this user may not read are wrong usage, whatever option named them: the functions
// throw Error{usage} with the name and the reason. Any thread.

// Opens the file for reading. The caller closes the descriptor.
int open_input(const std::filesystem::path& file);

// Reads what is there into the buffer, like read(2): returns 0 at the end, and -1 with errno for an
// error. Waits for a pipe's writer until a stop is requested: then throws Error{interrupted}.
// `file` is the name for its text.
ssize_t read_some(int descriptor, std::span<char> buffer, const std::filesystem::path& file);

// The first `most` bytes of the file. Throws Error{io} if reading fails halfway.
std::string read_input(const std::filesystem::path& file, std::size_t most);

}  // namespace backglance
