// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// Lets everybody else go first: the least nice value that others have (19), and of a disk what
// nobody else wants (the class idle of ioprio_set(2), which schedulers without classes ignore). Of
// the calling thread and those that it makes from then on, as Linux has it; once for each thread,
// and nothing when called again. Never raises anything. For threads that read and digest: one that
// holds the database's locks, or a lease, is not to wait for the whole host.
void give_way();

}  // namespace backglance
