// SPDX-License-Identifier: Apache-2.0
// Streams of any lengths, cut anyhow, that join and leave the lanes at any time, are written down
// and gone on with, or given up: each digest must be OpenSSL's. libFuzzer chooses; what it found to
// be of interest is kept by scripts/fuzz.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "digest/digest_engine.h"
#include "digest/digest_set.h"

using namespace backglance;

namespace {

constexpr const char* kNames[] = {"md5", "sha224", "sha256", "sha384", "sha512"};

// The fuzzer's bytes, one after the other; zeros after the last.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), end_(data + size) {}

  bool more() const { return data_ != end_; }
  std::size_t up_to(std::size_t most) {
    std::size_t value = 0;
    for (std::size_t range = most; range > 0; range >>= 8)
      value = value << 8 | (more() ? *data_++ : 0);
    return value % (most + 1);
  }

 private:
  const std::uint8_t* data_;
  const std::uint8_t* end_;
};

// One that is fed piece by piece. What a stream holds follows from its number.
struct Stream {
  Stream(std::size_t number, std::size_t kind, std::size_t length)
      : algorithm(find_digest_algorithm(kNames[kind])), digest(*algorithm), bytes(length) {
    std::uint32_t state = static_cast<std::uint32_t>(number);
    for (std::byte& byte : bytes) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<std::byte>(state >> 24);
    }
  }

  std::span<const std::byte> next(std::size_t most) {
    const auto piece = std::span(bytes).subspan(at, std::min(most, bytes.size() - at));
    at += piece.size();
    return piece;
  }

  const DigestAlgorithm* algorithm;
  BlockDigest digest;
  std::vector<std::byte> bytes;
  std::size_t at = 0;
};

void check(Stream& stream) {
  DigestSet reference({stream.algorithm});
  reference.update(std::span(stream.bytes).first(stream.at));
  if (stream.digest.finish() != reference.finish().front())
    std::abort();
}

// As another host does with a checkpoint.
void write_down_and_go_on(Stream& stream) {
  const auto state = stream.digest.save();
  if (!state)
    return;
  BlockDigest again(*stream.algorithm);
  if (!again.restore(*state, stream.at))
    std::abort();
  stream.digest = again;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  choose_digest_engine(choices.up_to(1) == 0 ? DigestEngine::lanes : DigestEngine::automatic);
  std::vector<Stream> streams;
  std::size_t made = 0;
  while (choices.more()) {
    switch (choices.up_to(7)) {
      case 0:
      case 1:  // one joins
        if (streams.size() < 48)
          streams.emplace_back(made++, choices.up_to(std::size(kNames) - 1), choices.up_to(20000));
        break;
      case 2:  // one leaves, wherever it is
        if (!streams.empty()) {
          const auto which =
              streams.begin() + static_cast<std::ptrdiff_t>(choices.up_to(streams.size() - 1));
          check(*which);
          streams.erase(which);
        }
        break;
      case 3:
        if (!streams.empty())
          write_down_and_go_on(streams[choices.up_to(streams.size() - 1)]);
        break;
      default: {
        const std::size_t most = choices.up_to(4000);
        const std::size_t skip = choices.up_to(3);
        std::vector<BlockUpdate> updates;
        for (std::size_t i = 0; i < streams.size(); ++i)
          if (skip == 0 || i % 4 != skip)
            updates.push_back({&streams[i].digest, streams[i].next(most + i * skip)});
        update_together(updates);
      }
    }
  }
  for (Stream& stream : streams)
    check(stream);
  return 0;
}
