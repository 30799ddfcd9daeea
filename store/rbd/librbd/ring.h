// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rbd/librbd.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "store/rbd/librbd/connection.h"

namespace backglance {

// Reads an open image in order, with kDepth reads in flight, each into memory of its own: at most
// kDepth * kMostPiece bytes.
//
// librbd writes into that memory until a read's callback was called, whatever became of the reader.
// Each read in flight therefore holds the Ring. Only close() closes the image, never a callback:
// librbd would wait for itself.
class Ring : public std::enable_shared_from_this<Ring> {
 public:
  static constexpr std::size_t kDepth = 4;
  // Half an object as Glance writes it. librados receives each piece into memory of its own, so
  // that a stream needs twice what is in flight.
  static constexpr std::uint64_t kMostPiece = std::uint64_t{4} << 20;

  // Takes over `image`.
  Ring(rbd_image_t image, std::uint64_t size, std::uint64_t object_size,
       std::shared_ptr<Connection> connection, std::shared_ptr<Pool> pool);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Before the first take().
  void begin_at(std::uint64_t offset) { next_ = offset; }

  struct Got {
    std::size_t bytes = 0;  // 0 without one of the following: the end
    int error = 0;          // errno
    bool is_short = false;  // fewer bytes than the size says
    bool is_stopped = false;
  };
  // As RbdImage::read_some().
  Got take(std::span<std::byte> buffer, const std::function<bool()>& should_stop);

  // Waits up to 1 s for the reads in flight and closes the image. If they need longer, a thread of
  // its own does so.
  static void close(std::shared_ptr<Ring> ring);

 private:
  struct Slot {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t capacity = 0;  // of `bytes`
    std::size_t length = 0;    // what was asked for; 0: nothing
    std::size_t taken = 0;     // of it
    ssize_t got = 0;           // bytes, or -errno
    bool is_done = false;
  };
  // What a callback needs; it lives from the request to the callback.
  struct Pending {
    std::shared_ptr<Ring> ring;
    Slot* slot;
  };

  static void completed(rbd_completion_t completion, void* argument);
  void request(const std::shared_ptr<Ring>& self, Slot& slot);
  void finish(Slot& slot, ssize_t got);
  void close_image();

  rbd_image_t image_;
  std::uint64_t size_;
  std::uint64_t piece_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Pool> pool_;  // declared after its connection: it goes first
  std::uint64_t next_ = 0;      // the first byte that was not asked for
  std::size_t head_ = 0;        // the slot with the next bytes

  std::mutex mutex_;  // guards what follows, and `got` and `is_done` of the slots
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
  std::array<Slot, kDepth> slots_;
};

}  // namespace backglance
