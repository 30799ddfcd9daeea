// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/usage_check.h"

namespace backglance {

// Options that are not typed: from variables BACKGLANCE_<OPTION>, from the file that --options or
// BACKGLANCE_OPTIONS names, and from /etc/backglance/backglance.conf. What is typed counts most,
// then a variable, then the named file, then the file in /etc; in a file, the section of a command
// counts more than the lines before any section. A source that counts more replaces all values of
// an option that may be repeated.
//
// A file has lines "option = value", without dashes in front; '#' or ';' begins a comment line. The
// lines before any "[section]" hold for every command that has the option, "[backfill]" and
// "[attest verify]" for one command. A flag has the value true or false.

// The words of a command line, completed by these options.
struct CompletedWords {
  std::vector<std::string> words;
  // Where each option comes from that was not typed: {"--limit", "BACKGLANCE_LIMIT"}.
  std::vector<std::pair<std::string, std::string>> sources;
};

// `words` must have no usage_fault(). Words that ask for help or the version, and words of a
// command that has nothing to do with a site, stay as they are. Throws Error{usage} for a name that
// is no option of the program, for one that must be typed, and for a file that cannot be read or
// has a line that is none of the above. No error contains a value, because it may be a secret.
CompletedWords with_settings(const KnownCommand& program, const std::vector<std::string>& words);

// The text of an error, and, if it names an option that was not typed, where that comes from.
std::string with_sources(const std::string& text, const CompletedWords& completed);

}  // namespace backglance
