// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "read/read_result.h"

namespace backglance {

// The exit codes of the program. 3 to 5 are the same as those of `glance-manage db check`.
enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,
  expand_due = 3,
  migrate_due = 4,  // or backfill is due
  contract_due = 5,
  findings = 10,  // done, and a person should look at the report
  locked = 11,    // another run holds the lock
  in_doubt = 12,  // a commit's outcome is unknown
  interrupted = 130,
};

ExitCode exit_code_of(ErrorKind kind);
// The exit code of a run that came to its end.
ExitCode exit_code_of(const ReadResult& result);

}  // namespace backglance
