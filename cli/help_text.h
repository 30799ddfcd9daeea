// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace backglance {

// The layout of help: plain lines of at most kHelpColumns columns. CLI11 prints a text in one line,
// however long it is, and a terminal cuts that line in the middle of a word.
constexpr std::size_t kHelpColumns = 80;

// Breaks the text between words into lines that end in '\n'. Every line except the first begins
// with `indent` spaces; the first one has `used` columns already. Words are never cut.
std::string wrapped(const std::string& text, std::size_t indent = 0, std::size_t used = 0);

// One option or command: its name on the left, its text on the right. A name that is too long for
// its column gets a line of its own.
std::string help_entry(const std::string& name, const std::string& text);

}  // namespace backglance
