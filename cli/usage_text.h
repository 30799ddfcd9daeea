// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backglance {

// Messages about a command line that cannot be used: one line each, without control characters and
// without the program's name in front.

// "there is no command ..."; names the command that was probably meant, if one is similar.
std::string unknown_command(const std::string& word);

// Puts a message of CLI11 into an operator's words: `kind` is the name of its exception
// ("ExcludesError"), `text` its message.
std::string plain_refusal(const std::string& kind, const std::string& text);

}  // namespace backglance
