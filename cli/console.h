// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace backglance {

// Standard output and standard error: everything that the program prints goes through these
// functions. They never throw, for a person who cannot be told must not end the work. Thread-safe.

// Text for people on standard error. A failure is ignored: findings are in the ledger, events in
// the log, and the exit code says how the run ended. If standard error takes nothing for a
// second (a pipe whose reader is stopped), lines are left out until it takes some again; then one
// line says how many are missing.
void write_err(std::string_view text);
// The same for a picture that the next one replaces: left out at once, and not counted.
void draw_err(std::string_view text);
// Text on standard output. It is kept until there is some more or flush_out() is called; a
// terminal gets it at once. The first failure is kept for out_failure(), and nothing is written
// after it.
void write_out(std::string_view text);
void flush_out();
// The errno of the first write to standard output that failed; 0: all was written.
int out_failure();

// The same for text made of parts, which may come from anywhere: what a terminal would obey is
// written out (printable_lines() in base/text.h). Line ends stay.
void say_err(std::string_view text);
void say_out(std::string_view text);

// From now on, text for people on standard output (say_out(), print_out()) is left out: --quiet.
// Call it before the first text.
void be_quiet();
bool is_quiet();

// One line on standard error. Line ends in `text` are written out as well, so no part of it can
// look like a line of its own.
void say_line(std::string_view text);

template <typename... Parts>
void print_err(fmt::format_string<Parts...> format, Parts&&... parts) {
  say_err(fmt::format(format, std::forward<Parts>(parts)...));
}
template <typename... Parts>
void print_out(fmt::format_string<Parts...> format, Parts&&... parts) {
  say_out(fmt::format(format, std::forward<Parts>(parts)...));
}

}  // namespace backglance
