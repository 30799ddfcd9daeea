// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backglance {

// `text` made safe to print, as printable() does (base/text.h), and cut to `max_bytes` at a
// character if it is longer: it then ends with "... (1,204 more bytes)". For every text of ours
// before it meets a column, a packet or a log; a second call with the same limit changes nothing.
// `max_bytes` is 64 or more.
std::string bounded(std::string_view text, std::size_t max_bytes);

// A reason is read by people, one line for each image. Bytes; the columns hold 65,535.
inline constexpr std::size_t kLongestReason = 2000;
// Names of hosts and people, as long as their columns. A character has at least one byte.
inline constexpr std::size_t kLongestName = 255;

}  // namespace backglance
