// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// Makes a process safe to work with secrets and with files. Call it first in main, before anything
// opens a file or starts a thread:
// - Descriptors 0 to 2 that the caller has closed become /dev/null; otherwise the next file or
//   connection would get such a number, and messages would be written into it. Standard output is
//   then open for reading only, so that a write to it fails and the lost output is noticed.
// - A crash leaves no core: a core would hold keys and passwords. The process stays open to a
//   debugger of the same user (SECURITY.md).
// - A write to a pipe that nobody reads, or beyond the limit on the size of files, is an error of
//   that write and no signal. A write to a terminal from the background does not stop the process.
// - An exception that nothing catches, of any thread, is one line on standard error and exit code
//   1. Its images are claimed again like those of a killed run.
void prepare_process();

}  // namespace backglance
