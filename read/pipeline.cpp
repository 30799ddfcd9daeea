// SPDX-License-Identifier: Apache-2.0
#include "read/pipeline.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace backglance {
namespace {

// What one stage has done and the next has not taken.
class Queue {
 public:
  static constexpr std::size_t kMostImages = 32;

  explicit Queue(std::int64_t most_bytes) : most_bytes_(most_bytes) {}

  // Waits for room. False once nobody takes any more.
  bool push(Work work) {
    std::unique_lock lock(mutex_);
    const std::int64_t bytes = work.claim.size_bytes;
    room_.wait(lock, [&] {
      return closed_ || images_.empty() ||
             (images_.size() < kMostImages && bytes <= most_bytes_ - bytes_);
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

  const std::int64_t most_bytes_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::condition_variable room_;
  std::deque<Work> images_;
  std::int64_t bytes_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace

void run_pipeline(const Readers& readers, const Stages& stages) {
  // How much claims run ahead of the reads: many small images, of others hardly one. What was read
  // is a few words each, whatever its size.
  constexpr std::int64_t kMostClaimedBytes = 8 << 20;
  Queue claimed(kMostClaimedBytes);
  Queue read(std::numeric_limits<std::int64_t>::max());
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
  std::jthread claimer;
  std::jthread settler;
  // A thread that cannot be made is such an exception as well: those that there are end.
  guarded([&] {
    claimer = std::jthread([&] {
      guarded([&] {
        for (Work work; stages.claim(work) && claimed.push(std::move(work)); work = Work()) {
        }
      });
      claimed.end();
    });
    settler = std::jthread([&] {
      guarded([&] {
        while (std::optional<Work> work = read.pop())
          stages.settle(*work);
      });
    });
  });
  const auto read_all = [&] {
    if (readers.begin)
      readers.begin();
    std::optional<StreamLimits::Admission> admission;
    for (;;) {
      if (admission && admission->is_one_too_many())
        admission.reset();
      if (!admission)
        admission.emplace(stages.admit());
      std::optional<Work> work = claimed.pop();
      if (!work)
        return;
      stages.read(*work);
      if (!read.push(std::move(*work)))
        return;
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(readers.number));
    guarded([&] {
      while (threads.size() < static_cast<std::size_t>(readers.number)) {
        try {
          threads.emplace_back([&] { guarded(read_all); });
        } catch (const std::system_error&) {
          // One reads all of them too.
          if (threads.empty())
            throw;
          break;
        }
      }
    });
  }
  read.end();
  if (settler.joinable())
    settler.join();
  if (claimer.joinable())
    claimer.join();
  if (failure)
    std::rethrow_exception(failure);
}

}  // namespace backglance
