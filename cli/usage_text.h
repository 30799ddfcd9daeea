// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backglance {

// What the program says of a command line that it cannot take: one line each, without control
// characters, and without the name of the program in front.

// There is no such command; names the one that was probably meant, if there is one.
std::string unknown_command(const std::string& word);

// A refusal of CLI11 in an operator's words: `kind` is the name of its exception ("ExcludesError"),
// `text` what it says.
std::string plain_refusal(const std::string& kind, const std::string& text);

}  // namespace backglance
