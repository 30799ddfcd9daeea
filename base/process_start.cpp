// SPDX-License-Identifier: Apache-2.0
#include "base/process_start.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <string>

#include "base/text.h"
#include "base/write_all.h"

namespace backglance {
namespace {

void open_standard_descriptors() {
  // In this order, because open() returns the lowest free number.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
        open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
      // No /dev/null: nowhere to say so, and every file would be in danger.
      _exit(1);
}

// The limit 1 is also obeyed where cores go to a program (core(5)), which 0 is not: the kernel
// starts no such program then. PR_SET_DUMPABLE would do the same, but it also hides the process in
// /proc from its own user, and other runs look there for whether this one lives.
void leave_no_core() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_CORE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max >= 1 ? 1 : 0;
  setrlimit(RLIMIT_CORE, &limit);
}

std::string current_text() {
  try {
    if (const std::exception_ptr current = std::current_exception())
      std::rethrow_exception(current);
  } catch (const std::exception& error) {
    return printable(error.what(), 500);
  } catch (...) {
    return "an exception of unknown type";
  }
  return "std::terminate was called";
}

[[noreturn]] void end_at_once() {
  // Not if the reader of a pipe is stopped: the process must end.
  constexpr int kPatienceMilliseconds = 1000;
  pollfd error = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&error, 1, kPatienceMilliseconds) > 0)
    write_all(STDERR_FILENO, "backglance: internal error, the run ends at once: " + current_text() +
                                 "; run the command again\n");
  // Without destructors: another thread may be in the middle of anything.
  _exit(1);
}

}  // namespace

void prepare_process() {
  open_standard_descriptors();
  leave_no_core();
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
  sigaction(SIGTTOU, &action, nullptr);
  std::set_terminate(end_at_once);
}

}  // namespace backglance
