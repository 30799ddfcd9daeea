// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// Gives the calling thread, and the threads that it creates later, a lower priority than everything
// else on the host: nice 19, and the idle I/O class (ioprio_set(2); disk schedulers without classes
// ignore it). A second call in the same thread does nothing. Never raises a priority.
//
// Only for threads that read or digest. A thread that holds database locks or renews leases must
// not wait until the whole host is idle.
void give_way();

}  // namespace backglance
