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

// One digest of one stream. Its digests go on independently of each other: one may be a buffer or
// two ahead.
struct DigestPart {
  StreamDigests* stream = nullptr;
  std::optional<BlockDigest> block;  // where lanes may take it
  std::optional<DigestSet> single;   // everything else
  std::uint64_t done = 0;            // buffers
  std::uint64_t to_come = 0;         // bytes of the stream that it has not taken in
  bool queued = false;               // ready for a worker, or with one
  std::uint64_t ready_since = 0;     // the turn after which it was
  std::exception_ptr failure;        // from there on buffers are passed over
};

struct StreamDigests {
  static constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

  std::deque<DigestPart> parts;      // never moved
  std::vector<std::size_t> part_of;  // by position in the constructor's list
  StreamBuffers* buffers = nullptr;
  std::array<std::size_t, kBuffers> sizes = {};
  std::uint64_t filled = 0;        // buffers handed over; number i lies at i % kBuffers
  std::uint64_t awaited = kNever;  // the reader sleeps until all_done() is that

  std::uint64_t all_done() const;  // buffers that every part is done with
  std::byte* buffer(std::uint64_t number) const;
  std::span<const std::byte> bytes(std::uint64_t number) const;
};

// Who digests what. All of it under one lock, which nobody holds while it digests or waits.
class DigestScheduler {
 public:
  DigestScheduler(int workers, std::size_t streams, std::function<void()> begin);
  ~DigestScheduler();

  StreamBuffers& take_buffers();
  void give_back(StreamBuffers& buffers);

  // Nothing of it waits for a worker or is with one.
  bool is_idle(StreamDigests& stream);
  void wait_for_buffer(StreamDigests& stream);
  void hand_over(StreamDigests& stream, std::size_t size);
  void wait_until_done(StreamDigests& stream);

 private:
  // Parts that wait for a worker: a queue for each kind of lanes, and one for what has none.
  static constexpr std::size_t kKinds = 4;
  // So many turns may others have before a part that is ready, whatever its kind and size.
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
  // Whom to wake then.
  using Sleepers = std::vector<StreamBuffers*>;
  void note_done(const Group& group, Sleepers& sleepers);

  const int workers_;
  const std::function<void()> begin_;
  const std::unique_ptr<std::byte[]> memory_;  // touched when it is read into
  std::mutex mutex_;  // guards what follows, StreamDigests, and DigestPart but for its digest
  std::vector<StreamBuffers> buffers_;
  std::vector<StreamBuffers*> free_;
  std::array<std::deque<DigestPart*>, kKinds> ready_;
  std::uint64_t turn_ = 0;
  int running_ = 0;
  std::condition_variable ended_;
  // A worker begins after the call, as the thread sanitizer sees it: it knows nothing of oneTBB's.
  std::atomic<unsigned> calls_{0};
  WorkerArena arena_;
};

}  // namespace backglance
