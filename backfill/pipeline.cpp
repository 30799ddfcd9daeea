#include "backfill/pipeline.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace backglance {
namespace {

// What one stage has done and the next has not taken.
class Queue {
 public:
  // How much a claim may run ahead of the reads: many small images, of others hardly one.
  static constexpr std::size_t kMostImages = 32;
  static constexpr std::int64_t kMostBytes = 8 << 20;

  // Waits for room. False once nobody takes any more.
  bool push(Work work) {
    std::unique_lock lock(mutex_);
    const std::int64_t bytes = work.claim.size_bytes;
    room_.wait(lock, [&] {
      return closed_ || images_.empty() ||
             (images_.size() < kMostImages && bytes_ + bytes <= kMostBytes);
    });
    if (closed_)
      return false;
    bytes_ += bytes;
    images_.push_back(std::move(work));
    // One alone: of tiny images thousands a second come by, and dozens of readers wait.
    some_.notify_one();
    return true;
  }

  // Waits for one. Nothing at the end.
  std::optional<Work> pop() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return closed_ || ended_ || !images_.empty(); });
    if (closed_ || images_.empty())
      return std::nullopt;
    Work work = std::move(images_.front());
    images_.pop_front();
    bytes_ -= work.claim.size_bytes;
    // A small one may not make room for the large one that the first to wait holds.
    room_.notify_all();
    return work;
  }

  // Nothing more is pushed.
  void end() { set(ended_); }
  // Nothing more is taken either.
  void close() { set(closed_); }

 private:
  void set(bool& which) {
    const std::lock_guard lock(mutex_);
    which = true;
    some_.notify_all();
    room_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable some_;
  std::condition_variable room_;
  std::deque<Work> images_;
  std::int64_t bytes_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace

void run_pipeline(int readers, const Stages& stages) {
  Queue claimed;
  Queue read;
  std::mutex failing;
  std::exception_ptr failure;
  // The first exception ends all stages.
  const auto guarded = [&](const auto& work) {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(failing);
      if (!failure)
        failure = std::current_exception();
      claimed.close();
      read.close();
    }
  };
  std::jthread claimer([&] {
    guarded([&] {
      for (Work work; stages.claim(work) && claimed.push(std::move(work)); work = Work()) {
      }
    });
    claimed.end();
  });
  std::jthread settler([&] {
    guarded([&] {
      while (std::optional<Work> work = read.pop())
        stages.settle(*work);
    });
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < readers; ++i)
      threads.emplace_back([&] {
        guarded([&] {
          for (;;) {
            const auto admission = stages.admit();
            std::optional<Work> work = claimed.pop();
            if (!work)
              return;
            stages.read(*work);
            if (!read.push(std::move(*work)))
              return;
          }
        });
      });
  }
  read.end();
  settler.join();
  claimer.join();
  if (failure)
    std::rethrow_exception(failure);
}

}  // namespace backglance
