// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// From now on, a wait for the database, or for a store directory that does not answer, is told on
// standard error. A job with a log of its own tells the first there instead, and calls this at its
// end.
void print_server_waits();

}  // namespace backglance
