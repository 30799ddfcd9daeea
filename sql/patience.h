// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sql/session.h"
#include "sql/text.h"

namespace backglance {

// Told each time that a statement has to wait for somebody else's lock, and whose it is.
using OnWait = std::function<void(const std::string&)>;

// Runs a schema statement of the step beside live writers, again and again until it has its lock.
// It waits for that for a moment at a time: while it waits, everything that comes later waits
// behind it, and between two attempts the writers have their turn. Throws Error{busy} after a
// quarter of an hour, Error{interrupted} before an attempt, with `command` as what to run next.
void run_patiently(Session& session, std::string_view step, const StepStatement& statement,
                   const OnWait& on_wait, const std::string& command);

// Throws Error{interrupted} after a wish to stop.
void require_no_stop(const std::string& command);

}  // namespace backglance
