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

// How lanes are to be used.
struct LaneUse {
  std::size_t lanes = 0;  // at most; 0: each stream alone
  std::size_t pays = 1;   // lanes are used while there are so many streams
};

// Takes streams of one compression function further together, each by its own bytes: which of them
// share lanes, and when. One thread at a time.
class Lockstep {
 public:
  Lockstep(BlockHash hash, const LaneUse& use, CompressLanes& compress = compress_lanes)
      : hash_(hash), use_(use), compress_(&compress) {}

  // update.digest->hash() is that of this; a digest is added once.
  void add(const BlockUpdate& update);
  // All that was added.
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
