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

// Digests of many images at once, on a few cores. Whoever reads an image fills a buffer and hands
// it over; oneTBB workers, which never wait for a read, take what has been handed over by all
// readers together: as many streams as this CPU has lanes for (block_digest.h), or, where only a
// few are left, each digest of one stream on a core of its own. The result does not depend on who
// took what.
class DigestWorkers {
 public:
  // `workers` cores at most; buffers for `streams` images at a time, all that there ever are:
  // streams x kBuffers x kBufferBytes. `begin` is called by a worker's thread before it digests,
  // more than once; empty: nothing.
  DigestWorkers(int workers, std::size_t streams, std::function<void()> begin = {});
  // Every DigestStream is gone by then.
  ~DigestWorkers();
  DigestWorkers(const DigestWorkers&) = delete;
  DigestWorkers& operator=(const DigestWorkers&) = delete;

  static constexpr std::size_t kBufferBytes = backglance::kBufferBytes;
  static constexpr std::size_t kBuffers = backglance::kBuffers;

 private:
  friend class DigestStream;
  std::unique_ptr<DigestScheduler> scheduler_;
};

// The digests of one image. One thread at a time, that of its reader; at most `streams` at once of
// one DigestWorkers, which outlives it.
class DigestStream {
 public:
  // The algorithms are digest_algorithms()' own; one named twice is computed once. Of those that
  // wait, who has the most to come goes first: `bytes`, where that is known. Throws Error{usage}
  // naming the algorithm if this OpenSSL lacks it.
  DigestStream(DigestWorkers& workers, const std::vector<const DigestAlgorithm*>& algorithms,
               std::uint64_t bytes = 0);
  // Waits for what is under way.
  ~DigestStream();
  DigestStream(const DigestStream&) = delete;
  DigestStream& operator=(const DigestStream&) = delete;

  // kBufferBytes to read into. Waits while all of them are being digested.
  std::span<std::byte> buffer();
  // Its first `size` bytes are the stream's next.
  void hand_over(std::size_t size);

  // What all digests are of what was handed over (BlockDigest::save), in the order of the
  // constructor's list. Waits for what is under way. Nothing within a block, or where one of them
  // cannot be written down: OpenSSL's own cannot.
  std::optional<std::vector<std::string>> save();
  // Before the first hand-over. False if one of the states is not of its digest: then this stream
  // is not to be used.
  bool restore(const std::vector<std::string>& states, std::uint64_t bytes);

  // Lower-case hex, one value per algorithm given to the constructor, in that order, of all that
  // was handed over. Once.
  std::vector<std::string> finish();

 private:
  DigestScheduler& scheduler_;
  std::unique_ptr<StreamDigests> state_;
};

}  // namespace backglance
