// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace backglance {

// The compression functions of MD5 (RFC 1321), SHA-256 and SHA-512 (FIPS 180-4) for several streams
// in lockstep: lane i of each vector belongs to stream i. The digest of one stream is a chain of
// dependent steps, which leaves most of a core idle. The steps of different streams are
// independent. The code is written once for all vector sets (Highway); the CPU chooses at run time.
enum class BlockHash { md5, sha256, sha512 };

constexpr std::size_t block_bytes(BlockHash hash) {
  return hash == BlockHash::sha512 ? 128 : 64;
}

// The state of a digest between two blocks, one word per element: MD5 has 4 words of 32 bits,
// SHA-256 8 words of 32 bits, SHA-512 8 words of 64 bits.
using ChainingValue = std::array<std::uint64_t, 8>;

struct Lane {
  ChainingValue* value = nullptr;
  const std::byte* data = nullptr;
};

// How many streams this CPU digests in lockstep. With AVX2: 8 for SHA-256, 16 for MD5, 4 for
// SHA-512.
std::size_t lanes_of(BlockHash hash);

// Digests `blocks` whole blocks of each lane. There may be 1 to lanes_of(hash) lanes; each needs
// its own value. The time does not depend on the number of lanes, except that MD5 needs less for
// half of them. Any thread.
void compress_lanes(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks);

// The same for one stream, with OpenSSL's code for this CPU.
void compress_one(BlockHash hash, const Lane& lane, std::size_t blocks);

// The vector set in use: "AVX2", "SSE4", "NEON".
const char* lanes_target();

}  // namespace backglance
