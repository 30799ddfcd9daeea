// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/command_line.h"

namespace {

using backglance::Error;
using backglance::ExitCode;

// One line on standard error for a person; with --json also an object for a program.
ExitCode report_error(const Error& error, bool json) {
  const std::string next = error.next().empty() ? "" : fmt::format(" -- next: {}", error.next());
  fmt::print(stderr, "backglance: {}{}\n", error.what(), next);
  const ExitCode code = exit_code_of(error.kind());
  if (json)
    backglance::print_json({{"error",
                             {{"text", error.what()},
                              {"next", error.next()},
                              {"exit_code", static_cast<int>(code)}}}});
  return code;
}

// The output may still be in a buffer, and the disk under it may be full.
void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw backglance::io_error("standard output cannot be written", errno);
}

int run(const std::vector<std::string>& words) {
  const bool json = backglance::asks_for_json(words);
  try {
    const auto line = backglance::read_command_line(words);
    const ExitCode code = line ? line->run(line->common) : ExitCode::done;
    flush_output();
    return static_cast<int>(code);
  } catch (const Error& error) {
    return static_cast<int>(report_error(error, json));
  } catch (const std::system_error& error) {
    // fmt throws this if the stream cannot be written.
    return static_cast<int>(report_error(
        backglance::io_error("standard output cannot be written", error.code().value()), false));
  }
}

}  // namespace

int main(int argc, char** argv) {
  backglance::install_stop_handlers();
  try {
    return run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {
    // A defect of the program, or no memory: still one line and no trace.
    fmt::print(stderr, "backglance: internal error: {}\n", error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
