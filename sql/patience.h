// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sql/session.h"
#include "sql/text.h"

namespace backglance {

// Called each time that a statement must wait for a lock of another session, with a text that names
// that session.
using OnWait = std::function<void(const std::string&)>;

// Runs a schema statement beside live writers, and tries again until it gets its lock. Each attempt
// waits only for a moment: while it waits, all later statements wait behind it. Between two
// attempts the writers can continue. Throws Error{busy} after a quarter of an hour, and
// Error{interrupted} before an attempt if a stop was requested; `command` is the next command of
// these errors.
void run_patiently(Session& session, std::string_view step, const StepStatement& statement,
                   const OnWait& on_wait, const std::string& command);

// Throws Error{interrupted} if a stop was requested.
void require_no_stop(const std::string& command);

}  // namespace backglance
