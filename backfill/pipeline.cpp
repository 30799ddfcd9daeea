#include "backfill/pipeline.h"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <deque>

namespace backglance {
namespace {

// What one thread did before leave() has happened before what another does after take(). oneTBB
// sees to that by itself; but as a distribution's library it is built without the thread sanitizer,
// which then knows of no order but that of our own code.
class HandOver {
 public:
  void leave() { times_.fetch_add(1, std::memory_order_release); }
  void take() const { static_cast<void>(times_.load(std::memory_order_acquire)); }

 private:
  std::atomic<unsigned> times_{0};
};

struct Slot {
  Work work;
  HandOver between_stages;
};

}  // namespace

void run_pipeline(int jobs, const Stages& stages) {
  // More tokens than threads keep every thread reading while a claim or a publish waits for the
  // database.
  const auto tokens = static_cast<std::size_t>(jobs) * 2;
  // The tokens are pointers into this pool, which outlives a pipeline that an exception has ended
  // midway.
  std::deque<Slot> pool(tokens);
  tbb::concurrent_queue<Slot*> idle;
  for (Slot& slot : pool)
    idle.push(&slot);
  // From one call of a serial stage to the next, and from the last to our caller.
  HandOver between_claims;
  HandOver between_settles;

  const auto claim = [&](tbb::flow_control& control) -> Slot* {
    between_claims.take();
    Slot* slot = nullptr;
    idle.try_pop(slot);  // there is one per token
    slot->between_stages.take();
    slot->work = Work();
    if (!stages.claim(slot->work))
      control.stop();
    slot->between_stages.leave();
    between_claims.leave();
    return slot;
  };
  const auto read = [&](Slot* slot) {
    slot->between_stages.take();
    stages.read(slot->work);
    slot->between_stages.leave();
    return slot;
  };
  const auto settle = [&](Slot* slot) {
    between_settles.take();
    slot->between_stages.take();
    stages.settle(slot->work);
    slot->between_stages.leave();
    idle.push(slot);
    between_settles.leave();
  };
  between_claims.leave();
  tbb::task_arena arena(jobs);
  arena.execute([&] {
    tbb::parallel_pipeline(
        tokens, tbb::make_filter<void, Slot*>(tbb::filter_mode::serial_out_of_order, claim) &
                    tbb::make_filter<Slot*, Slot*>(tbb::filter_mode::parallel, read) &
                    tbb::make_filter<Slot*, void>(tbb::filter_mode::serial_out_of_order, settle));
  });
  between_claims.take();
  between_settles.take();
}

}  // namespace backglance
