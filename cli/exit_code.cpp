// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

namespace backglance {

ExitCode exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return ExitCode::usage;
    case ErrorKind::locked:
      return ExitCode::locked;
    case ErrorKind::in_doubt:
      return ExitCode::in_doubt;
    case ErrorKind::interrupted:
      return ExitCode::interrupted;
    case ErrorKind::connect:
    case ErrorKind::lost:
    case ErrorKind::busy:
    case ErrorKind::sql:
    case ErrorKind::schema_state:
    case ErrorKind::gate:
    case ErrorKind::io:
    case ErrorKind::no_space:
      break;
  }
  return ExitCode::failed;
}

ExitCode exit_code_of(const ReadResult& result) {
  // This comes first: the findings of such a run are not complete.
  if (result.end == RunEnd::interrupted || result.end == RunEnd::stopped)
    return ExitCode::interrupted;
  if (result.has_findings())
    return ExitCode::findings;
  // Whoever names an image wants to know its result, and another run has that.
  return result.held_by_others.empty() ? ExitCode::done : ExitCode::locked;
}

}  // namespace backglance
