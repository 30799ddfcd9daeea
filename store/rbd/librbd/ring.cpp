// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/librbd/ring.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace backglance {

Ring::Ring(rbd_image_t image, std::uint64_t size, std::uint64_t object_size,
           std::shared_ptr<Connection> connection, std::shared_ptr<Pool> pool)
    : image_(image),
      size_(size),
      piece_(std::clamp(object_size, std::uint64_t{64} << 10, kMostPiece)),
      connection_(std::move(connection)),
      pool_(std::move(pool)) {}

Ring::Got Ring::take(std::span<std::byte> buffer, const std::function<bool()>& should_stop) {
  const std::shared_ptr<Ring> self = weak_from_this().lock();
  for (std::size_t i = 0; i < kDepth; ++i)
    if (Slot& slot = slots_[(head_ + i) % kDepth]; slot.length == 0)
      request(self, slot);
  Slot& head = slots_[head_];
  if (head.length == 0)
    return {};
  {
    std::unique_lock lock(mutex_);
    while (!head.is_done) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      lock.unlock();
      if (should_stop())
        return {.is_stopped = true};
      lock.lock();
    }
  }
  if (head.got < 0)
    return {.error = static_cast<int>(-head.got)};
  if (static_cast<std::size_t>(head.got) != head.length)
    return {.is_short = true};
  const std::size_t bytes = std::min(buffer.size(), head.length - head.taken);
  std::memcpy(buffer.data(), head.bytes.get() + head.taken, bytes);
  head.taken += bytes;
  if (head.taken == head.length) {
    head.length = 0;
    request(self, head);
    head_ = (head_ + 1) % kDepth;
  }
  return {.bytes = bytes};
}

// Asks for the next piece, if there is one. Pieces end where objects end.
void Ring::request(const std::shared_ptr<Ring>& self, Slot& slot) {
  const auto length = static_cast<std::size_t>(std::min(piece_ - next_ % piece_, size_ - next_));
  if (length == 0)
    return;
  // No slot is ever asked for more than at first, but after a begin in the middle of an object.
  if (!slot.bytes || slot.capacity < length) {
    slot.capacity = static_cast<std::size_t>(std::min(piece_, size_));
    slot.bytes = std::make_unique_for_overwrite<std::byte[]>(slot.capacity);
  }
  slot.length = length;
  slot.taken = 0;
  slot.is_done = false;
  {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  auto pending = std::make_unique<Pending>(Pending{self, &slot});
  rbd_completion_t completion = nullptr;
  int error = rbd_aio_create_completion(pending.get(), completed, &completion);
  if (error == 0) {
    error =
        rbd_aio_read(image_, next_, length, reinterpret_cast<char*>(slot.bytes.get()), completion);
    if (error == 0)
      static_cast<void>(pending.release());  // the callback's
    else
      rbd_aio_release(completion);
  }
  if (error < 0)
    finish(slot, error);
  next_ += length;
}

// Called by a thread of librbd.
void Ring::completed(rbd_completion_t completion, void* argument) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
  const ssize_t got = rbd_aio_get_return_value(completion);
  rbd_aio_release(completion);
  pending->ring->finish(*pending->slot, got);
}

void Ring::finish(Slot& slot, ssize_t got) {
  const std::lock_guard lock(mutex_);
  slot.got = got;
  slot.is_done = true;
  --in_flight_;
  changed_.notify_all();
}

void Ring::close_image() {
  rbd_close(image_);
  // Not left to the destructor: a callback may be the last to hold this, and must not be the one
  // that shuts down the connection.
  pool_.reset();
  connection_.reset();
}

void Ring::close(std::shared_ptr<Ring> ring) {
  const auto is_idle = [&ring] { return ring->in_flight_ == 0; };
  {
    std::unique_lock lock(ring->mutex_);
    if (!ring->changed_.wait_for(lock, std::chrono::seconds(1), is_idle)) {
      lock.unlock();
      std::thread([ring = std::move(ring)] {
        {
          std::unique_lock patient(ring->mutex_);
          ring->changed_.wait(patient, [&ring] { return ring->in_flight_ == 0; });
        }
        ring->close_image();
      }).detach();
      return;
    }
  }
  ring->close_image();
}

}  // namespace backglance
