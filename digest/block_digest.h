// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digest/algorithm.h"
#include "digest/lanes.h"

namespace backglance {

// True for md5, sha224, sha256, sha384 and sha512: what can be computed over many streams in
// lockstep.
bool has_lanes(const DigestAlgorithm& algorithm);

// One such digest of one stream. Between two calls it is a value of some 200 bytes that can be
// copied, moved to another thread, written down and gone on with. One thread at a time.
class BlockDigest {
 public:
  // has_lanes(algorithm); it is one of digest_algorithms().
  explicit BlockDigest(const DigestAlgorithm& algorithm);

  // Takes the stream further on this core alone, by OpenSSL's code.
  void update(std::span<const std::byte> bytes);

  // Lower-case hex. Once, and no update after it.
  std::string finish();

  // At a border of blocks: the words of the chaining value, in hex, in their order. Nothing within
  // a block.
  std::optional<std::string> save() const;
  // Before the first update: as if `bytes` had been taken in, after which save() gave `state`.
  // False, and nothing is changed, if it cannot have.
  bool restore(std::string_view state, std::uint64_t bytes);

  std::uint64_t bytes() const { return bytes_; }
  BlockHash hash() const { return hash_; }

 private:
  friend class Lockstep;

  // How a run of bytes falls into blocks.
  struct Pieces {
    bool held_block = false;  // rest_ has become a whole block, which comes first
    const std::byte* data = nullptr;
    std::size_t blocks = 0;
    std::span<const std::byte> rest;
  };
  std::size_t word_bytes() const;
  std::size_t words() const;
  // Between begin() and end() the blocks are compressed.
  Pieces begin(std::span<const std::byte> bytes);
  void end(const Pieces& pieces);

  const DigestAlgorithm* algorithm_;
  BlockHash hash_;
  ChainingValue value_;
  std::uint64_t bytes_ = 0;  // taken in so far; those past the last whole block lie in rest_
  std::array<std::byte, 128> rest_;
};

// The next bytes of a stream.
struct BlockUpdate {
  BlockDigest* digest = nullptr;
  std::span<const std::byte> bytes;
};

// "md5", "sha256", "sha512".
std::string_view block_hash_name(BlockHash hash);

}  // namespace backglance
