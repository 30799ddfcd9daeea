// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <system_error>

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

int run(int argc, char** argv) {
  int exit_code = 0;
  const auto line = backglance::read_command_line(argc, argv, exit_code);
  if (!line)
    return exit_code;
  try {
    const ExitCode code = line->run(line->common);
    // The output may still be in a buffer, and the disk under it may be full.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw backglance::io_error("standard output cannot be written", errno);
    return static_cast<int>(code);
  } catch (const Error& error) {
    return static_cast<int>(report_error(error, line->common.json));
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
    return run(argc, argv);
  } catch (const std::exception& error) {
    // A defect of the program, or no memory: still one line and no trace.
    fmt::print(stderr, "backglance: internal error: {}\n", error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
