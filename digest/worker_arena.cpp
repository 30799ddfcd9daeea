// SPDX-License-Identifier: Apache-2.0
#include "digest/worker_arena.h"

#include <oneapi/tbb/task_arena.h>

namespace backglance {

struct WorkerArena::Arena : tbb::task_arena {
  using tbb::task_arena::task_arena;
};

WorkerArena::WorkerArena(int workers)
    : arena_(std::make_unique<Arena>(workers, /*reserved_for_masters=*/0U)) {}

WorkerArena::~WorkerArena() = default;

void WorkerArena::enqueue(Task task, void* with) {
  arena_->enqueue([task, with] { task(with); });
}

}  // namespace backglance
