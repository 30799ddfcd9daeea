// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace backglance {

// The compression functions of MD5 (RFC 1321), SHA-256 and SHA-512 (FIPS 180-4), over several
// streams in lockstep: lane i of each vector belongs to stream i. The digest of one stream is a
// chain of dependent steps that leaves most of a core idle; of several streams the steps do not
// depend on each other. Written once for all vector sets (Highway), chosen by the CPU at run time.
enum class BlockHash { md5, sha256, sha512 };

constexpr std::size_t block_bytes(BlockHash hash) {
  return hash == BlockHash::sha512 ? 128 : 64;
}

// All that a digest knows between two blocks: MD5 has 4 words of 32 bits, SHA-256 8 of 32, SHA-512
// 8 of 64, one to an element.
using ChainingValue = std::array<std::uint64_t, 8>;

struct Lane {
  ChainingValue* value = nullptr;
  const std::byte* data = nullptr;
};

// How many streams this CPU takes in lockstep. With AVX2: 8 of SHA-256, 16 of MD5, 4 of SHA-512.
std::size_t lanes_of(BlockHash hash);

// Takes each lane further by `blocks` whole blocks. Lanes: 1 to lanes_of(hash), each with a value
// of its own; the time is that of all lanes whatever their number, but for MD5, which takes less
// for half of them. Any thread.
void compress_lanes(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks);

// The same for one stream, by OpenSSL's code for this CPU.
void compress_one(BlockHash hash, const Lane& lane, std::size_t blocks);

// The vector set in use: "AVX2", "SSE4", "NEON".
const char* lanes_target();

}  // namespace backglance
