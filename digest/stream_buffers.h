// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>

namespace backglance {

// The memory that an image is read into and digested from.

// A hand-over wakes a thread or two; with less than this it would cost more than the digest.
// Those of 32 streams fit into a cache of 32 MiB.
inline constexpr std::size_t kBufferBytes = 224 << 10;
// One is digested while the others are read into, for all of which the reader is woken once.
inline constexpr std::size_t kBuffers = 4;

// From one buffer to the next. Lanes go through as many buffers side by side: were these a power of
// two apart, their lines would share one set of each cache and push each other out (MD5 in 16 lanes
// loses a fourth of its speed).
inline constexpr std::size_t kBufferStride = kBufferBytes + std::size_t{3} * 64;

// A stream's buffers, and what its reader sleeps on. They outlive the stream: who is done with its
// last buffer wakes the reader, who then does away with the stream, without the lock.
struct StreamBuffers {
  std::byte* memory = nullptr;  // kBuffers x kBufferStride
  std::condition_variable is_there;
};

}  // namespace backglance
