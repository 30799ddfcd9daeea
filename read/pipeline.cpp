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

// Images between two stages.
class Queue {
 public:
  static constexpr std::size_t kMostImages = 32;

  explicit Queue(std::int64_t most_bytes) : most_bytes_(most_bytes) {}

  // Waits until there is space. False after close().
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
    // Wake one thread only: thousands of tiny images pass here each second, and dozens of readers
    // wait.
    some_.notify_one();
    return true;
  }

  // Waits for an image. Nothing at the end.
  std::optional<Work> pop() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return closed_ || ended_ || !images_.empty(); });
    if (closed_ || images_.empty())
      return std::nullopt;
    Work work = std::move(images_.front());
    images_.pop_front();
    bytes_ -= work.claim.size_bytes;
    // Wake all: the space of this image may be too small for the thread that waits first.
    room_.notify_all();
    return work;
  }

  // No more images will be pushed.
  void end() { set(ended_); }
  // No image will be taken any more.
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
  // Limits how far claims are ahead of the reads: many small images, or one large one. An image
  // that was read is a few words, whatever its size, so the second queue has no limit.
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
  // If a thread cannot be started, the threads that were started end too.
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
          // One reader can read all images.
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
