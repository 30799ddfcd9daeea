// SPDX-License-Identifier: Apache-2.0
#include "base/process_start.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>

using namespace backglance;

namespace {

struct End {
  int status = 0;
  std::string error;  // what was written to standard error
};

void fail() {
  throw std::runtime_error("no\nspace");
}

struct FailsAtItsEnd {
  ~FailsAtItsEnd() { fail(); }
};

// Runs `work` in a process of its own.
End end_of(void (*work)()) {
  std::array<int, 2> pipe_ends = {};
  REQUIRE(pipe(pipe_ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    prepare_process();
    work();
    _exit(0);
  }
  close(pipe_ends[1]);
  End end;
  std::array<char, 1000> part = {};
  for (ssize_t got = 0; (got = read(pipe_ends[0], part.data(), part.size())) > 0;)
    end.error.append(part.data(), static_cast<std::size_t>(got));
  close(pipe_ends[0]);
  waitpid(child, &end.status, 0);
  return end;
}

}  // namespace

TEST_CASE("an exception that nothing catches is one line and exit code 1, in any thread") {
  const auto in_thread = [] { std::thread(fail).join(); };
  const auto in_destructor = [] { const FailsAtItsEnd fails; };
  for (void (*const work)() : {+in_thread, +in_destructor}) {
    const End end = end_of(work);
    CHECK(WIFEXITED(end.status));
    CHECK(WEXITSTATUS(end.status) == 1);
    CHECK(
        end.error ==
        "backglance: internal error, the run ends at once: no\\x0aspace; run the command again\n");
  }
}

TEST_CASE("a closed descriptor of the three is open, and a write to the output fails") {
  const End end = end_of([] {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      close(fd);
    prepare_process();
    char byte = 0;
    const bool good = dup(STDERR_FILENO) > STDERR_FILENO && read(STDIN_FILENO, &byte, 1) == 0 &&
                      write(STDOUT_FILENO, "x", 1) < 0 && write(STDERR_FILENO, "x", 1) == 1;
    _exit(good ? 7 : 0);
  });
  CHECK(WEXITSTATUS(end.status) == 7);
}
