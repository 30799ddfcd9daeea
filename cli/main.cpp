// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_start.h"
#include "base/stop.h"
#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/nagios.h"
#include "cli/server_waits.h"

namespace {

using backglance::Error;
using backglance::ExitCode;

// One line on standard error for a person; with --json also an object for a program.
// A check of Nagios has one line on standard output, and an exit code of its own for "unknown".
ExitCode report_unknown(const std::string& text) {
  backglance::write_out("BACKGLANCE UNKNOWN - " + backglance::nagios_text(text) + "\n");
  backglance::flush_out();
  return backglance::kNagiosUnknown;
}

ExitCode report_error(const Error& error, bool json) {
  const std::string next = error.next().empty() ? "" : fmt::format(" -- next: {}", error.next());
  backglance::say_line(fmt::format("backglance: {}{}", error.what(), next));
  const ExitCode code = exit_code_of(error.kind());
  if (json)
    backglance::print_json({{"error",
                             {{"text", error.what()},
                              {"next", error.next()},
                              {"exit_code", static_cast<int>(code)}}}});
  return code;
}

// The exit code of a command that came to its end with `code`, but whose output is lost.
ExitCode without_output(const backglance::CommandLine& line, ExitCode code) {
  const int failed = backglance::out_failure();
  if (failed == 0)
    return code;
  if (failed == EINTR)
    return report_error(
        Error(backglance::ErrorKind::interrupted, "interrupted while standard output was written"),
        false);
  const Error error = backglance::io_error("standard output cannot be written", failed);
  // The work was done, or the answer is the exit code: only what a person would have read is lost.
  if (line.is_output_for_people && !line.common.json && !line.common.dry_run) {
    backglance::print_err("backglance: warning: {}\n", error.what());
    return code;
  }
  return report_error(error, false);
}

int run(const std::vector<std::string>& words) {
  std::optional<backglance::CommandLine> line;
  try {
    line = backglance::read_command_line(words);
  } catch (const Error& error) {
    if (backglance::asks_for_nagios(words))
      return static_cast<int>(report_unknown(error.what()));
    const ExitCode code = report_error(error, backglance::asks_for_json(words));
    backglance::flush_out();
    return static_cast<int>(code);
  }
  if (!line)
    return static_cast<int>(ExitCode::done);
  // What a dry run or JSON prints is all that was asked for.
  if (line->common.quiet && !line->common.dry_run)
    backglance::be_quiet();
  ExitCode code = ExitCode::done;
  try {
    code = line->run(line->common);
    if (code == ExitCode::findings && line->common.findings_ok)
      code = ExitCode::done;
  } catch (const Error& error) {
    if (backglance::asks_for_nagios(words))
      return static_cast<int>(report_unknown(error.what()));
    // Lost output cannot make it worse.
    code = report_error(error, line->common.json);
    backglance::flush_out();
    return static_cast<int>(code);
  }
  return static_cast<int>(without_output(*line, code));
}

}  // namespace

int main(int argc, char** argv) {
  backglance::prepare_process();
  backglance::install_stop_handlers();
  backglance::print_server_waits();
  try {
    return run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {
    // A defect of the program, or no memory: still one line and no trace.
    backglance::say_line(fmt::format("backglance: internal error: {}", error.what()));
  } catch (...) {
    backglance::print_err("backglance: internal error: an exception of unknown type\n");
  }
  backglance::flush_out();
  return static_cast<int>(ExitCode::failed);
}
