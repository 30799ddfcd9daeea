// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace backglance {

enum class OpenMode { read_only, read_write };

struct SessionOptions {
  OpenMode mode = OpenMode::read_write;
  // How long a statement waits for somebody else's lock before it fails with Error{busy}.
  std::chrono::seconds lock_timeout{10};
  // A connection that stood idle for so long is taken for cut: servers, and firewalls on the way to
  // them, cut such ones without a word.
  std::chrono::seconds idle_limit{600};
  // The first statement makes the connection, and fails with Error{lost} while the server is away:
  // for sessions that a run opens on its way, which sql/retry.h brings over that.
  bool when_needed = false;
};

}  // namespace backglance
