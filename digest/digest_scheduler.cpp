// SPDX-License-Identifier: Apache-2.0
#include "digest/digest_scheduler.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "digest/digest_engine.h"

namespace backglance {
namespace {

constexpr std::size_t kSingle = 3;  // the queue of what has no lanes

std::size_t kind_of(const DigestPart& part) {
  return part.block ? static_cast<std::size_t>(part.block->hash()) : kSingle;
}

// How many of a kind one worker takes at a time.
std::size_t most_of(std::size_t kind) {
  return kind == kSingle ? 1 : useful_lanes(static_cast<BlockHash>(kind));
}

}  // namespace

// The slowest digest of the stream decides when a buffer is free again.
std::uint64_t StreamDigests::all_done() const {
  std::uint64_t least = filled;
  for (const DigestPart& part : parts)
    least = std::min(least, part.done);
  return least;
}

// A ring: buffer `number` lies where number - kBuffers was, which every part has digested by then.
std::byte* StreamDigests::buffer(std::uint64_t number) const {
  return buffers->memory + static_cast<std::size_t>(number % kBuffers) * kBufferStride;
}

std::span<const std::byte> StreamDigests::bytes(std::uint64_t number) const {
  return {buffer(number), sizes[static_cast<std::size_t>(number % kBuffers)]};
}

DigestScheduler::DigestScheduler(int workers, std::size_t streams, std::function<void()> begin)
    : workers_(workers),
      begin_(std::move(begin)),
      memory_(std::make_unique_for_overwrite<std::byte[]>(streams * kBuffers * kBufferStride)),
      buffers_(streams),
      arena_(workers) {
  for (std::size_t i = 0; i < streams; ++i) {
    buffers_[i].memory = memory_.get() + i * kBuffers * kBufferStride;
    free_.push_back(&buffers_[i]);
  }
}

DigestScheduler::~DigestScheduler() {
  std::unique_lock lock(mutex_);
  // Workers use this object: none may still run when its members go.
  ended_.wait(lock, [this] { return running_ == 0; });
}

StreamBuffers& DigestScheduler::take_buffers() {
  const std::lock_guard lock(mutex_);
  if (free_.empty())
    throw std::logic_error("more streams than DigestWorkers was made for");
  // What was given back last is taken first: its pages are in memory.
  StreamBuffers& buffers = *free_.back();
  free_.pop_back();
  return buffers;
}

void DigestScheduler::give_back(StreamBuffers& buffers) {
  const std::lock_guard lock(mutex_);
  free_.push_back(&buffers);
}

bool DigestScheduler::is_idle(StreamDigests& stream) {
  const std::lock_guard lock(mutex_);
  return stream.all_done() == stream.filled;
}

void DigestScheduler::wait_for(StreamDigests& stream, std::uint64_t all_done,
                               std::unique_lock<std::mutex>& lock) {
  // Under the lock: note_done() must not miss a reader that is about to sleep.
  stream.awaited = all_done;
  stream.buffers->is_there.wait(lock, [&] { return stream.all_done() >= all_done; });
  stream.awaited = StreamDigests::kNever;
}

void DigestScheduler::wait_for_buffer(StreamDigests& stream) {
  std::unique_lock lock(mutex_);
  if (stream.filled - stream.all_done() < kBuffers)
    return;
  // All but one are to be free, as who is woken for each has a core taken from who digests.
  wait_for(stream, stream.filled - 1, lock);
}

void DigestScheduler::wait_until_done(StreamDigests& stream) {
  std::unique_lock lock(mutex_);
  wait_for(stream, stream.filled, lock);
}

void DigestScheduler::hand_over(StreamDigests& stream, std::size_t size) {
  const std::lock_guard lock(mutex_);
  stream.sizes[static_cast<std::size_t>(stream.filled % kBuffers)] = size;
  ++stream.filled;
  for (DigestPart& part : stream.parts)
    // A part that waits, or that a worker has, comes to the new buffer by itself (note_done).
    if (!part.queued)
      make_ready(part);
}

void DigestScheduler::make_ready(DigestPart& part) {
  part.queued = true;
  part.ready_since = turn_;
  ready_[kind_of(part)].push_back(&part);
  call_worker();
}

void DigestScheduler::call_worker() {
  // No part is forgotten: a worker that finds nothing ends under the same lock.
  if (running_ == workers_)
    return;
  ++running_;
  calls_.fetch_add(1, std::memory_order_release);
  arena_.enqueue([](void* self) { static_cast<DigestScheduler*>(self)->work(); }, this);
}

void DigestScheduler::work() {
  static_cast<void>(calls_.load(std::memory_order_acquire));
  // With every task, because oneTBB may give it to a thread that never ran one.
  if (begin_)
    begin_();
  Sleepers sleepers;
  std::unique_lock lock(mutex_);
  for (;;) {
    const Group group = pick();
    if (group.empty() && sleepers.empty())
      break;
    lock.unlock();
    // Who is woken takes the lock: under ours he would go to sleep at once and be woken again.
    for (StreamBuffers* sleeper : sleepers)
      sleeper->is_there.notify_one();
    sleepers.clear();
    digest(group);
    lock.lock();
    note_done(group, sleepers);
  }
  if (--running_ == 0)
    ended_.notify_all();
}

// The queue that has the most turns to go: while lanes can be filled, whoever is behind; with few
// streams left, one digest for each worker. Of a queue, the streams that have the most to come:
// were all served alike, the largest image would be left over, and be one core's work at the end.
// Whoever has been passed over for long goes before all that: the only image of its algorithm never
// fills lanes, and one that is nearly done is never the largest.
DigestScheduler::Group DigestScheduler::pick() {
  ++turn_;
  const auto goes_first = [this](const DigestPart* a, const DigestPart* b) {
    const bool overdue = is_overdue(*a);
    return overdue == is_overdue(*b) ? a->to_come > b->to_come : overdue;
  };
  std::size_t chosen = 0;
  std::pair<bool, double> most_urgent;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const auto& queue = ready_[kind];
    const bool overdue = std::any_of(queue.begin(), queue.end(),
                                     [this](const DigestPart* part) { return is_overdue(*part); });
    const double turns = static_cast<double>(queue.size()) / static_cast<double>(most_of(kind));
    const std::pair urgency(overdue, turns);
    // An empty queue has no turns, so it is chosen only if all are empty.
    if (urgency > most_urgent) {
      most_urgent = urgency;
      chosen = kind;
    }
  }
  auto& queue = ready_[chosen];
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue.size(), most_of(chosen)));
  std::partial_sort(queue.begin(), queue.begin() + count, queue.end(), goes_first);
  Group group(queue.begin(), queue.begin() + count);
  queue.erase(queue.begin(), queue.begin() + count);
  return group;
}

void DigestScheduler::digest(const Group& group) {
  std::vector<BlockUpdate> together;
  for (DigestPart* part : group) {
    const auto bytes = part->stream->bytes(part->done);
    if (part->block)
      together.push_back({&*part->block, bytes});
    else if (!part->failure) {
      try {
        part->single->update(bytes);
      } catch (const Error&) {
        // Thrown to the reader of this stream (DigestStream::finish): the worker serves others too.
        part->failure = std::current_exception();
      }
    }
  }
  update_together(together);
}

void DigestScheduler::note_done(const Group& group, Sleepers& sleepers) {
  for (DigestPart* part : group) {
    // The stream may be longer than Glance says.
    part->to_come -= std::min<std::uint64_t>(part->to_come, part->stream->bytes(part->done).size());
    ++part->done;
    part->queued = false;
    if (part->done < part->stream->filled)
      make_ready(*part);
    if (part->stream->all_done() >= part->stream->awaited)
      sleepers.push_back(part->stream->buffers);
  }
}

}  // namespace backglance
