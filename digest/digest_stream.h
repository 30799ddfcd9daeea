// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "digest/algorithm.h"
#include "digest/stream_buffers.h"

namespace backglance {

class DigestScheduler;  // digest_scheduler.h
struct StreamDigests;

// Digests many images at once, on a few cores. The reader of an image fills a buffer and hands it
// over. oneTBB workers take the buffers of all readers together and never wait for a read. A worker
// takes as many streams as this CPU has lanes for (block_digest.h). If only few streams are left,
// each digest of a stream gets its own core. The result does not depend on which worker took what.
class DigestWorkers {
 public:
  // Uses at most `workers` cores. Allocates the buffers for `streams` images at once, and never
  // more: streams x kBuffers x kBufferBytes. A worker thread calls `begin` before it digests,
  // perhaps several times; `begin` may be empty.
  DigestWorkers(int workers, std::size_t streams, std::function<void()> begin = {});
  // Every DigestStream must be destroyed before.
  ~DigestWorkers();
  DigestWorkers(const DigestWorkers&) = delete;
  DigestWorkers& operator=(const DigestWorkers&) = delete;

  static constexpr std::size_t kBufferBytes = backglance::kBufferBytes;
  static constexpr std::size_t kBuffers = backglance::kBuffers;

 private:
  friend class DigestStream;
  std::unique_ptr<DigestScheduler> scheduler_;
};

// The digests of one image. Only the thread of its reader may use it. At most `streams` of them may
// exist at once for one DigestWorkers, which must live longer.
class DigestStream {
 public:
  // The algorithms must point into digest_algorithms(). An algorithm that is named twice is
  // computed once. `bytes` is the length of the stream, if known: the stream with the most bytes
  // left goes first. Throws Error{usage} with the name of an algorithm that this OpenSSL lacks.
  DigestStream(DigestWorkers& workers, const std::vector<const DigestAlgorithm*>& algorithms,
               std::uint64_t bytes = 0);
  // Waits until the buffers that were handed over are digested.
  ~DigestStream();
  DigestStream(const DigestStream&) = delete;
  DigestStream& operator=(const DigestStream&) = delete;

  // A buffer of kBufferBytes to read into. Waits while all buffers are being digested.
  std::span<std::byte> buffer();
  // Hands over the first `size` bytes of that buffer, as the next bytes of the stream.
  void hand_over(std::size_t size);

  // The states of all digests after the bytes handed over (BlockDigest::save), in the order of the
  // constructor's list. Waits until these bytes are digested. Nothing in the middle of a block, or
  // if one of the digests is computed by OpenSSL, whose states cannot be saved.
  std::optional<std::vector<std::string>> save();
  // Continues from saved states. Call it before the first hand_over(). If it returns false, a state
  // does not fit its digest, and this stream must not be used.
  bool restore(const std::vector<std::string>& states, std::uint64_t bytes);

  // The digests of all bytes handed over, in lower-case hex, one per algorithm of the constructor,
  // in that order. Call it once.
  std::vector<std::string> finish();

 private:
  DigestScheduler& scheduler_;
  std::unique_ptr<StreamDigests> state_;
};

}  // namespace backglance
