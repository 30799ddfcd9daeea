// SPDX-License-Identifier: Apache-2.0
#include "digest/worker_arena.h"

#include <oneapi/tbb/task_arena.h>

namespace backglance {

// A name that can be declared in advance: our header does without oneTBB's.
struct WorkerArena::Arena : tbb::task_arena {
  using tbb::task_arena::task_arena;
};

WorkerArena::WorkerArena(int workers)
    // No place is reserved for the thread that enqueues: readers never digest in the arena.
    : arena_(std::make_unique<Arena>(workers, /*reserved_for_masters=*/0U)) {}

WorkerArena::~WorkerArena() = default;

void WorkerArena::enqueue(Task task, void* with) {
  arena_->enqueue([task, with] { task(with); });
}

}  // namespace backglance
