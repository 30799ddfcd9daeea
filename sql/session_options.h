// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace backglance {

enum class OpenMode { read_only, read_write };

struct SessionOptions {
  OpenMode mode = OpenMode::read_write;
  // How long a statement waits for a lock of another session before it fails with Error{busy}.
  std::chrono::seconds lock_timeout{10};
  // A connection that was idle for this time is replaced by a new one, because servers and
  // firewalls drop idle connections silently.
  std::chrono::seconds idle_limit{600};
  // True: the first statement connects, and fails with Error{lost} while the server is away. For
  // sessions that a run opens while it works: sql/retry.h then repeats the statement.
  bool when_needed = false;
};

}  // namespace backglance
