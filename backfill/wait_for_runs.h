// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "read/run_control.h"
#include "sql/session.h"

namespace backglance {

// At the end of the queue, other runs hold the images that are left. Waits until it is known
// whether these runs live. While it waits, the gate of `control` is closed and names the host.
//   free     images can be claimed, because the run that held them is dead: its process on this
//            host is gone, or it sent no heartbeat until its leases ended
//   held     nobody holds anything, or each of these runs has sent a heartbeat since this was
//            called (they send one every 10 s)
//   stopped  this run must end before that is known
enum class Rest { free, held, stopped };
Rest wait_for_silent_runs(Session& session, const std::string& run_id, RunControl& control);

}  // namespace backglance
