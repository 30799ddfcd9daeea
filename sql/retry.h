#pragma once

#include "base/error.h"

namespace backglance {

// Runs `work` again while somebody else's lock outlasts our wait (Error{busy}): a run that has read
// for hours is not ended by a lock of some seconds. Each attempt waits for
// SessionOptions::lock_timeout by itself; some minutes in all. `work` is whole or not at all: one
// statement or one transaction.
template <typename Work>
auto retry_busy(const Work& work) {
  constexpr int kAttempts = 18;
  for (int attempt = 1;; ++attempt) {
    try {
      return work();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::busy || attempt >= kAttempts)
        throw;
    }
  }
}

}  // namespace backglance
