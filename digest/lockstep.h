// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "digest/block_digest.h"
#include "digest/lanes.h"

namespace backglance {

using CompressLanes = void(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks);

// How to use lanes.
struct LaneUse {
  std::size_t lanes = 0;  // at most this number; 0: each stream alone
  std::size_t pays = 1;   // use lanes only while there are at least this number of streams
};

// Digests the next bytes of several streams of one compression function. Decides which of them
// share lanes, and when. One thread at a time.
class Lockstep {
 public:
  Lockstep(BlockHash hash, const LaneUse& use, CompressLanes& compress = compress_lanes)
      : hash_(hash), use_(use), compress_(&compress) {}

  // update.digest->hash() must be the hash of this object. Add each digest only once.
  void add(const BlockUpdate& update);
  // Digests everything that was added.
  void run();

 private:
  struct Stream {
    BlockDigest* digest;
    BlockDigest::Pieces pieces;
    std::size_t blocks;  // still to compress
  };

  static std::pair<const std::byte*, std::size_t> front(const Stream& stream);
  void advance(Stream& stream, std::size_t blocks) const;
  void step(const std::vector<Stream*>& active) const;
  void alone(Stream& stream) const;

  BlockHash hash_;
  LaneUse use_;
  CompressLanes* compress_;
  std::vector<Stream> streams_;
};

}  // namespace backglance
