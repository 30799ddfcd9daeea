// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backglance {

// Whole or not at all: a report that somebody has open is replaced by its successor in one step,
// under the same rights. A link is followed. What is no regular file (a pipe, a device) is written
// to. Throws Error{io}.
void write_file(const std::string& path, const std::string& text);

}  // namespace backglance
