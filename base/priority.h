#pragma once

namespace backglance {

// Lets everybody else go first: the least nice value that others have (19), and of a disk what
// nobody else wants (the class idle of ioprio_set(2), which schedulers without classes ignore). Of
// the calling thread and those that it makes from then on, as Linux has it. Never raises anything.
void give_way();

}  // namespace backglance
