// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "digest/block_digest.h"
#include "digest/digest_set.h"
#include "digest/stream_buffers.h"
#include "digest/worker_arena.h"

namespace backglance {

struct StreamDigests;

// One digest of one stream. The digests of a stream advance independently: one may be a buffer or
// two ahead of another. `block`, `single` and `failure` belong to the worker that has the part;
// DigestScheduler::mutex_ guards the other fields.
struct DigestPart {
  StreamDigests* stream = nullptr;
  std::optional<BlockDigest> block;  // if lanes can compute it
  std::optional<DigestSet> single;   // if not
  std::uint64_t done = 0;            // number of buffers digested
  std::uint64_t to_come = 0;  // bytes of the stream not digested yet; 0 if its length is unknown
  bool queued = false;        // the part waits for a worker, or a worker has it
  std::uint64_t ready_since = 0;  // the turn (DigestScheduler::turn_) in which it began to wait
  std::exception_ptr failure;     // after a failure, further buffers are skipped
};

// One stream: its buffers and its digests. The reader fills buffer number `filled`, and every part
// digests the buffers in the order of their numbers. A buffer is used again once all parts have
// digested it. DigestScheduler::mutex_ guards it.
struct StreamDigests {
  static constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

  std::deque<DigestPart> parts;  // a deque: workers hold pointers to the parts
  // Index in `parts`, by position in the list given to DigestStream; a name may occur twice there.
  std::vector<std::size_t> part_of;
  StreamBuffers* buffers = nullptr;
  // Number of bytes in each buffer.
  std::array<std::size_t, kBuffers> sizes = {};
  std::uint64_t filled = 0;  // number of buffers handed over; buffer number i is at i % kBuffers
  // The reader sleeps until all_done() reaches this number; kNever if it does not sleep.
  std::uint64_t awaited = kNever;

  std::uint64_t all_done() const;  // number of buffers that every part has digested
  std::byte* buffer(std::uint64_t number) const;
  std::span<const std::byte> bytes(std::uint64_t number) const;
};

// Decides which worker digests which part. One lock guards everything; no thread holds it while it
// digests or waits. Thread-safe: each stream has one reader, and all readers may call at the same
// time. The interface of its users is digest/digest_stream.h.
class DigestScheduler {
 public:
  // Uses at most `workers` cores, and has buffers for `streams` streams. Each worker thread calls
  // `begin`, if it is not empty, before it digests.
  DigestScheduler(int workers, std::size_t streams, std::function<void()> begin);
  // Waits until all workers have ended. All streams must be gone before.
  ~DigestScheduler();

  // The buffers of one stream, until give_back(). Throws std::logic_error if more than `streams`
  // are taken.
  StreamBuffers& take_buffers();
  void give_back(StreamBuffers& buffers);

  // True if no part of the stream waits for a worker or is being digested.
  bool is_idle(StreamDigests& stream);
  // Waits until the next buffer may be filled.
  void wait_for_buffer(StreamDigests& stream);
  // The next buffer holds `size` bytes: its parts may be digested.
  void hand_over(StreamDigests& stream, std::size_t size);
  // Waits until all buffers that were handed over are digested.
  void wait_until_done(StreamDigests& stream);

 private:
  // Queues of parts that wait for a worker: one for each kind of lanes, and one for digests without
  // lanes.
  static constexpr std::size_t kKinds = 4;
  // A part that was skipped for this number of turns goes first, whatever its kind and size.
  static constexpr std::uint64_t kPatience = 64;
  // Parts that one worker digests together, one in each lane; a single part if it has no lanes.
  using Group = std::vector<DigestPart*>;

  static void wait_for(StreamDigests& stream, std::uint64_t all_done,
                       std::unique_lock<std::mutex>& lock);
  // Puts the part into the queue of its kind and calls a worker.
  void make_ready(DigestPart& part);
  // Starts one more worker, if fewer than `workers_` run.
  void call_worker();
  // The work of one worker: digests group after group until nothing waits.
  void work();
  bool is_overdue(const DigestPart& part) const { return turn_ - part.ready_since > kPatience; }
  // Takes the next group out of the queues; empty if nothing waits.
  Group pick();
  static void digest(const Group& group);
  // Readers to wake, after the lock is released.
  using Sleepers = std::vector<StreamBuffers*>;
  void note_done(const Group& group, Sleepers& sleepers);

  const int workers_;
  const std::function<void()> begin_;
  const std::unique_ptr<std::byte[]> memory_;  // pages are allocated at the first read into them
  // Guards the members below, StreamDigests, and DigestPart except for its digest.
  std::mutex mutex_;
  std::vector<StreamBuffers> buffers_;
  std::vector<StreamBuffers*> free_;
  std::array<std::deque<DigestPart*>, kKinds> ready_;
  std::uint64_t turn_ = 0;
  int running_ = 0;
  std::condition_variable ended_;
  // Shows the thread sanitizer that a worker begins after the call: it cannot see this in oneTBB.
  std::atomic<unsigned> calls_{0};
  WorkerArena arena_;
};

}  // namespace backglance
