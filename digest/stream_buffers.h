// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>

namespace backglance {

// The memory into which an image is read, and from which it is digested.

// Handing over a buffer wakes one or two threads; with smaller buffers this would cost more than
// the digest. The buffers of 32 streams fit into a cache of 32 MiB.
inline constexpr std::size_t kBufferBytes = 224 << 10;
// While one buffer is digested, the reader fills the others; it is woken once for all of them.
inline constexpr std::size_t kBuffers = 4;

// The distance from one buffer to the next. Each lane reads its own buffer. If the distance were a
// power of two, their lines would share one set of each cache and push each other out (MD5 in 16
// lanes would lose a fourth of its speed).
inline constexpr std::size_t kBufferStride = kBufferBytes + std::size_t{3} * 64;

// The buffers of a stream, and the condition on which its reader sleeps. They must live longer than
// the stream: the worker that finishes the last buffer wakes the reader, and the reader then
// destroys the stream without holding the lock.
struct StreamBuffers {
  std::byte* memory = nullptr;  // kBuffers x kBufferStride
  std::condition_variable is_there;
};

}  // namespace backglance
