#include "backfill/pipeline.h"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <deque>
#include <memory>

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

// A stage's time with what it was handed, however that ends.
class Turn {
 public:
  explicit Turn(HandOver& what) : what_(what) { what_.take(); }
  ~Turn() { what_.leave(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  HandOver& what_;
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
    const Turn one_by_one(between_claims);
    Slot* slot = nullptr;
    idle.try_pop(slot);  // there is one per token
    const Turn turn(slot->between_stages);
    slot->work = Work();
    if (!stages.claim(slot->work))
      control.stop();
    return slot;
  };
  const auto read = [&](Slot* slot) {
    const Turn turn(slot->between_stages);
    stages.read(slot->work);
    return slot;
  };
  const auto settle = [&](Slot* slot) {
    const Turn one_by_one(between_settles);
    {
      const Turn turn(slot->between_stages);
      stages.settle(slot->work);
    }
    idle.push(slot);
  };
  between_claims.leave();
  // To our caller, and to the end of the pool, an exception's way as well.
  const auto take_all = [&](const void*) {
    between_claims.take();
    between_settles.take();
    for (const Slot& slot : pool)
      slot.between_stages.take();
  };
  const std::unique_ptr<const void, decltype(take_all)> at_the_end(&pool, take_all);
  tbb::task_arena arena(jobs);
  arena.execute([&] {
    tbb::parallel_pipeline(
        tokens, tbb::make_filter<void, Slot*>(tbb::filter_mode::serial_out_of_order, claim) &
                    tbb::make_filter<Slot*, Slot*>(tbb::filter_mode::parallel, read) &
                    tbb::make_filter<Slot*, void>(tbb::filter_mode::serial_out_of_order, settle));
  });
}

}  // namespace backglance
