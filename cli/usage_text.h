// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace backglance {

// Messages about a command line that cannot be used: one line each, without control characters and
// without the program's name in front.

// "; did you mean --limit?" if one of `names` is similar to `word`, else empty. Dashes in front do
// not count.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& names);

// "there is no command ...", or "attest has no command ..." if `command` is not empty; then the
// command or option that was probably meant, or the `commands` that there are.
std::string unknown_command(const std::string& command, const std::vector<std::string>& commands,
                            const std::vector<std::string>& options, const std::string& word);

// Puts a message of CLI11 into an operator's words: `kind` is the name of its exception
// ("ExcludesError"), `text` its message.
std::string plain_refusal(const std::string& kind, const std::string& text);

}  // namespace backglance
