// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace backglance {

// oneTBB's task_arena, for tasks without a result. Its source is compiled without the thread
// sanitizer, because the sanitizer cannot see how Debian's oneTBB orders its tasks. So a task must
// itself synchronise with the thread that enqueued it. Any thread.
class WorkerArena {
 public:
  using Task = void (*)(void* with);

  // Throws oneTBB's exception if the arena cannot be created.
  explicit WorkerArena(int workers);
  ~WorkerArena();
  WorkerArena(const WorkerArena&) = delete;
  WorkerArena& operator=(const WorkerArena&) = delete;

  // A worker will soon run the task. `with` must stay valid until then.
  void enqueue(Task task, void* with);

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
};

}  // namespace backglance
