// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// From now on, a wait for the database is told on standard error. A job with a log of its own tells
// it there instead, and calls this at its end.
void print_server_waits();

}  // namespace backglance
