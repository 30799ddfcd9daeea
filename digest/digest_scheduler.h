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
// two ahead of another.
struct DigestPart {
  StreamDigests* stream = nullptr;
  std::optional<BlockDigest> block;  // if lanes can compute it
  std::optional<DigestSet> single;   // if not
  std::uint64_t done = 0;            // buffers that were digested
  std::uint64_t to_come = 0;         // bytes of the stream that were not digested yet
  bool queued = false;               // waits for a worker, or a worker has it
  std::uint64_t ready_since = 0;     // the turn in which it began to wait
  std::exception_ptr failure;        // after a failure, further buffers are skipped
};

struct StreamDigests {
  static constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

  std::deque<DigestPart> parts;      // never moved
  std::vector<std::size_t> part_of;  // by position in the constructor's list
  StreamBuffers* buffers = nullptr;
  std::array<std::size_t, kBuffers> sizes = {};
  std::uint64_t filled = 0;        // buffers handed over; number i is at i % kBuffers
  std::uint64_t awaited = kNever;  // the reader sleeps until all_done() reaches this

  std::uint64_t all_done() const;  // buffers that all parts have digested
  std::byte* buffer(std::uint64_t number) const;
  std::span<const std::byte> bytes(std::uint64_t number) const;
};

// Decides which worker digests what. One lock guards everything. No thread holds it while it
// digests or waits.
class DigestScheduler {
 public:
  DigestScheduler(int workers, std::size_t streams, std::function<void()> begin);
  ~DigestScheduler();

  StreamBuffers& take_buffers();
  void give_back(StreamBuffers& buffers);

  // True if no part of the stream waits for a worker or is being digested.
  bool is_idle(StreamDigests& stream);
  void wait_for_buffer(StreamDigests& stream);
  void hand_over(StreamDigests& stream, std::size_t size);
  void wait_until_done(StreamDigests& stream);

 private:
  // Queues of parts that wait for a worker: one for each kind of lanes, and one for digests without
  // lanes.
  static constexpr std::size_t kKinds = 4;
  // A part that was skipped for this number of turns goes first, whatever its kind and size.
  static constexpr std::uint64_t kPatience = 64;
  using Group = std::vector<DigestPart*>;

  static void wait_for(StreamDigests& stream, std::uint64_t all_done,
                       std::unique_lock<std::mutex>& lock);
  void make_ready(DigestPart& part);
  void call_worker();
  void work();
  bool is_overdue(const DigestPart& part) const { return turn_ - part.ready_since > kPatience; }
  Group pick();
  static void digest(const Group& group);
  // Streams whose readers must be woken.
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
