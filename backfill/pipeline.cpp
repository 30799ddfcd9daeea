#include "backfill/pipeline.h"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <deque>

namespace backglance {

void run_pipeline(int jobs, const Stages& stages) {
  // More tokens than threads keep every thread reading while a claim or a publish waits for the
  // database.
  const auto tokens = static_cast<std::size_t>(jobs) * 2;
  // The tokens are pointers into this pool, which outlives a pipeline that an exception has ended
  // midway.
  std::deque<Work> pool(tokens);
  tbb::concurrent_queue<Work*> idle;
  for (Work& work : pool)
    idle.push(&work);

  const auto claim = [&](tbb::flow_control& control) -> Work* {
    Work* work = nullptr;
    idle.try_pop(work);  // there is one per token
    *work = Work();
    if (!stages.claim(*work))
      control.stop();
    return work;
  };
  const auto read = [&](Work* work) {
    stages.read(*work);
    return work;
  };
  const auto settle = [&](Work* work) {
    stages.settle(*work);
    idle.push(work);
  };
  tbb::task_arena arena(jobs);
  arena.execute([&] {
    tbb::parallel_pipeline(
        tokens, tbb::make_filter<void, Work*>(tbb::filter_mode::serial_out_of_order, claim) &
                    tbb::make_filter<Work*, Work*>(tbb::filter_mode::parallel, read) &
                    tbb::make_filter<Work*, void>(tbb::filter_mode::serial_out_of_order, settle));
  });
}

}  // namespace backglance
