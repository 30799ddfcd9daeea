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

// True for md5, sha224, sha256, sha384 and sha512: these can be computed for many streams in
// lockstep.
bool has_lanes(const DigestAlgorithm& algorithm);

// One such digest of one stream. Between two calls it is a value of about 200 bytes. It can be
// copied, moved to another thread, or saved and continued later. One thread at a time.
class BlockDigest {
 public:
  // `algorithm` is one of digest_algorithms(), and has_lanes() is true for it.
  explicit BlockDigest(const DigestAlgorithm& algorithm);

  // Digests the next bytes of the stream on this core, with OpenSSL's code.
  void update(std::span<const std::byte> bytes);

  // The digest in lower-case hex. Call it once; no update() after it.
  std::string finish();

  // The words of the chaining value, in hex and in order. Nothing in the middle of a block.
  std::optional<std::string> save() const;
  // Continues as if `bytes` bytes had been digested and save() had returned `state`. Call it before
  // the first update(). Returns false and changes nothing if `state` is not possible.
  bool restore(std::string_view state, std::uint64_t bytes);

  std::uint64_t bytes() const { return bytes_; }
  BlockHash hash() const { return hash_; }

 private:
  friend class Lockstep;

  // How the next bytes are split into blocks.
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
  std::uint64_t bytes_ = 0;  // so far; the bytes after the last whole block are in rest_
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
