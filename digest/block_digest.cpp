// SPDX-License-Identifier: Apache-2.0
#include "digest/block_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace backglance {
namespace {

// What tells these digests apart. SHA-224 is SHA-256, and SHA-384 is SHA-512, with another first
// value and without the last words at the end.
struct Kind {
  std::string_view name;
  BlockHash hash;
  ChainingValue first;
};

// RFC 1321, 3.3; FIPS 180-4, 5.3.2 to 5.3.5.
constexpr Kind kKinds[] = {
    {"md5", BlockHash::md5, {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}},
    {"sha224",
     BlockHash::sha256,
     {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7,
      0xbefa4fa4}},
    {"sha256",
     BlockHash::sha256,
     {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
      0x5be0cd19}},
    {"sha384",
     BlockHash::sha512,
     {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
      0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4}},
    {"sha512",
     BlockHash::sha512,
     {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
      0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179}},
};

const Kind* kind_of(const DigestAlgorithm& algorithm) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const Kind& kind) { return kind.name == algorithm.name; });
  return found == std::end(kKinds) ? nullptr : found;
}

}  // namespace

bool has_lanes(const DigestAlgorithm& algorithm) {
  return kind_of(algorithm) != nullptr;
}

BlockDigest::BlockDigest(const DigestAlgorithm& algorithm) : algorithm_(&algorithm) {
  const Kind* kind = kind_of(algorithm);
  if (kind == nullptr)
    throw std::logic_error(fmt::format("{} has no lanes", algorithm.name));
  hash_ = kind->hash;
  value_ = kind->first;
}

// One stream alone: it would leave all lanes but one idle, so OpenSSL's code does it.
void BlockDigest::update(std::span<const std::byte> bytes) {
  const Pieces pieces = begin(bytes);
  if (pieces.held_block)
    compress_one(hash_, {&value_, rest_.data()}, 1);
  if (pieces.blocks > 0)
    compress_one(hash_, {&value_, pieces.data}, pieces.blocks);
  end(pieces);
}

// Copies only what completes a held block. The other blocks are compressed where they lie, so
// `bytes` must stay until end().
BlockDigest::Pieces BlockDigest::begin(std::span<const std::byte> bytes) {
  const std::size_t block = block_bytes(hash_);
  const std::size_t held = static_cast<std::size_t>(bytes_ % block);
  bytes_ += bytes.size();
  Pieces pieces;
  if (held > 0) {
    const std::size_t wanted = std::min(block - held, bytes.size());
    std::memcpy(rest_.data() + held, bytes.data(), wanted);
    bytes = bytes.subspan(wanted);
    if (held + wanted < block)
      // Still no whole block: there is nothing to compress, and end() has nothing to hold.
      return pieces;
    pieces.held_block = true;
  }
  pieces.data = bytes.data();
  pieces.blocks = bytes.size() / block;
  pieces.rest = bytes.subspan(pieces.blocks * block);
  return pieces;
}

// Not in begin(): until the blocks are compressed, rest_ is the first of them.
void BlockDigest::end(const Pieces& pieces) {
  if (!pieces.rest.empty())
    std::memcpy(rest_.data(), pieces.rest.data(), pieces.rest.size());
}

std::size_t BlockDigest::word_bytes() const {
  return hash_ == BlockHash::sha512 ? 8 : 4;
}

std::size_t BlockDigest::words() const {
  return hash_ == BlockHash::md5 ? 4 : 8;
}

std::optional<std::string> BlockDigest::save() const {
  // The chaining value says nothing of the bytes of an unfinished block.
  if (bytes_ % block_bytes(hash_) != 0)
    return std::nullopt;
  std::string state;
  for (std::size_t i = 0; i < words(); ++i)
    state += fmt::format("{:0{}x}", value_[i], 2 * word_bytes());
  return state;
}

// The state comes from a row of the database, so it may be anything. Nothing is changed before all
// of it was understood.
bool BlockDigest::restore(std::string_view state, std::uint64_t bytes) {
  const std::size_t digits = 2 * word_bytes();
  if (bytes % block_bytes(hash_) != 0 || state.size() != words() * digits)
    return false;
  ChainingValue value = {};
  for (std::size_t i = 0; i < words(); ++i) {
    const std::string_view word = state.substr(i * digits, digits);
    const auto [end, error] = std::from_chars(word.data(), word.data() + digits, value[i], 16);
    if (error != std::errc() || end != word.data() + digits)
      return false;
  }
  value_ = value;
  bytes_ = bytes;
  return true;
}

std::string BlockDigest::finish() {
  // A one bit, zeros, and the length in bits: 64 of them, or 128 for SHA-384 and SHA-512; the
  // lowest byte first in MD5, the highest first in SHA-2.
  const std::size_t block = block_bytes(hash_);
  const std::size_t length_bytes = block / 8;
  const std::size_t held = static_cast<std::size_t>(bytes_ % block);
  // Two blocks: the padding may not fit behind the held bytes.
  std::array<std::byte, 256> last = {};
  std::memcpy(last.data(), rest_.data(), held);
  last[held] = std::byte{0x80};
  const std::size_t blocks = held + 1 + length_bytes > block ? 2 : 1;
  std::byte* const length = last.data() + blocks * block - length_bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto byte = static_cast<std::byte>((bytes_ << 3) >> (8 * i));
    (hash_ == BlockHash::md5 ? length[i] : length[length_bytes - 1 - i]) = byte;
  }
  if (hash_ == BlockHash::sha512)
    // The shift above has lost the upper three bits of the length.
    length[length_bytes - 9] = static_cast<std::byte>(bytes_ >> 61);
  compress_one(hash_, {&value_, last.data()}, blocks);

  // The words in the order of bytes that the digest has on every machine.
  const std::size_t word = word_bytes();
  std::string text;
  for (std::size_t i = 0; i < algorithm_->digest_bytes; ++i) {
    const std::size_t place = i % word;
    const std::size_t shift = 8 * (hash_ == BlockHash::md5 ? place : word - 1 - place);
    text += fmt::format("{:02x}", (value_[i / word] >> shift) & 0xff);
  }
  return text;
}

std::string_view block_hash_name(BlockHash hash) {
  constexpr std::string_view kNames[] = {"md5", "sha256", "sha512"};
  return kNames[static_cast<std::size_t>(hash)];
}

}  // namespace backglance
