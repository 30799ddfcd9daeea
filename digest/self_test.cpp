// SPDX-License-Identifier: Apache-2.0
#include "digest/self_test.h"

#include <array>
#include <span>
#include <string>

#include "digest/digest_set.h"

namespace backglance {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kMessages = 24;

// Shorter than a block, where one or two blocks of padding begin, and several blocks.
std::size_t length_of(std::size_t message, std::size_t block) {
  const std::array<std::size_t, kMessages / 2> lengths = {
      0,         1,         block - block / 8 - 1, block - block / 8, block - 1,     block,
      block + 1, 2 * block, 3 * block - 9,         5 * block + 3,     8 * block - 1, 11 * block};
  return lengths[message % lengths.size()] + (message < lengths.size() ? 0 : 4 * block);
}

// Messages and what OpenSSL's EVP says of them: that code is not ours, and it judges.
class Messages {
 public:
  Messages(const DigestAlgorithm& algorithm, std::size_t block) : bytes_(test_bytes(32 * block)) {
    for (std::size_t i = 0; i < kMessages; ++i) {
      messages_[i] = Bytes(bytes_).subspan(i, length_of(i, block));
      DigestSet reference({&algorithm});
      reference.update(messages_[i]);
      digests_[i] = reference.finish().front();
    }
  }

  Bytes message(std::size_t i) const { return messages_[i % kMessages]; }
  const std::string& digest(std::size_t i) const { return digests_[i % kMessages]; }

 private:
  std::vector<std::byte> bytes_;
  std::array<Bytes, kMessages> messages_;
  std::array<std::string, kMessages> digests_;  // by EVP
};

// The messages from `first` on, in lanes: twice as many as there are lanes, so that all are in use
// although some messages have no block, and some wait for one that becomes free.
bool agree(const DigestAlgorithm& algorithm, const Messages& messages, std::size_t first,
           std::size_t lanes, CompressLanes& compress) {
  const std::size_t count = 2 * lanes + 2;
  std::vector<BlockDigest> digests(count, BlockDigest(algorithm));
  // In two pieces, each message cut at another place, so that blocks are held in between.
  for (const bool is_second : {false, true}) {
    Lockstep lockstep(digests.front().hash(), {.lanes = lanes}, compress);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes message = messages.message(first + i);
      const std::size_t cut = message.size() * (i + 1) / (count + 1);
      lockstep.add({&digests[i], is_second ? message.subspan(cut) : message.first(cut)});
    }
    lockstep.run();
  }
  for (std::size_t i = 0; i < count; ++i)
    if (digests[i].finish() != messages.digest(first + i))
      return false;
  return true;
}

}  // namespace

std::vector<std::byte> test_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  // A fixed start: what fails on one host can be repeated on another.
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state >> 56);
  }
  return bytes;
}

bool agrees_with_openssl(BlockHash hash, std::size_t lanes, CompressLanes& compress) {
  for (const DigestAlgorithm& algorithm : digest_algorithms()) {
    if (!has_lanes(algorithm) || BlockDigest(algorithm).hash() != hash)
      continue;
    const Messages messages(algorithm, block_bytes(hash));
    // From 0 lanes on, where each stream is digested alone.
    for (std::size_t used = 0; used <= lanes; ++used)
      for (std::size_t first = 0; first < kMessages; first += 2 * used + 2)
        if (!agree(algorithm, messages, first, used, compress))
          return false;
  }
  return true;
}

}  // namespace backglance
