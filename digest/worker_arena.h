// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace backglance {

// oneTBB's task_arena for what takes nothing and returns nothing. It is built without the thread
// sanitizer, to which Debian's oneTBB shows nothing of how it orders its tasks; what a task needs
// from who enqueued it, it orders itself. Any thread.
class WorkerArena {
 public:
  using Task = void (*)(void* with);

  // Throws what oneTBB does when it cannot be had.
  explicit WorkerArena(int workers);
  ~WorkerArena();
  WorkerArena(const WorkerArena&) = delete;
  WorkerArena& operator=(const WorkerArena&) = delete;

  // Has one of the workers run it, soon; `with` outlives that.
  void enqueue(Task task, void* with);

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
};

}  // namespace backglance
