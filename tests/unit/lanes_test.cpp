// SPDX-License-Identifier: Apache-2.0
#include <hwy/targets.h>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "digest/digest_engine.h"
#include "digest/digest_set.h"
#include "digest/self_test.h"

using namespace backglance;

namespace {

constexpr const char* kNames[] = {"md5", "sha224", "sha256", "sha384", "sha512"};

const DigestAlgorithm& algorithm(const std::string& name) {
  return *find_digest_algorithm(name);
}

std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(count);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

// What OpenSSL says, by its own interface.
std::string by_openssl(const std::string& name, std::span<const std::byte> bytes) {
  DigestSet set({&algorithm(name)});
  set.update(bytes);
  return set.finish()[0];
}

struct EngineChoice {
  explicit EngineChoice(DigestEngine engine) { choose_digest_engine(engine); }
  ~EngineChoice() { choose_digest_engine(DigestEngine::automatic); }
};

// A stream of a random case: it joins late, is fed in random cuts, and ends when it ends.
struct Stream {
  std::string name;
  std::vector<std::byte> bytes;
  std::size_t at = 0;
  std::size_t joins = 0;  // in this round
  BlockDigest digest;

  Stream(std::string algorithm_name, std::vector<std::byte> content, std::size_t round)
      : name(std::move(algorithm_name)),
        bytes(std::move(content)),
        joins(round),
        digest(algorithm(name)) {}
};

void run_case(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto up_to = [&](std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
  };
  std::vector<Stream> streams;
  const std::size_t count = 1 + up_to(40);
  for (std::size_t i = 0; i < count; ++i)
    streams.emplace_back(kNames[up_to(std::size(kNames) - 1)],
                         random_bytes(up_to(up_to(9) == 0 ? 5000 : 700), random()), up_to(3));
  for (std::size_t round = 0;; ++round) {
    std::vector<BlockUpdate> updates;
    bool more = false;
    for (Stream& stream : streams) {
      if (stream.at == stream.bytes.size())
        continue;
      more = true;
      if (round < stream.joins || up_to(4) == 0)
        continue;
      const std::size_t some = std::min(up_to(900), stream.bytes.size() - stream.at);
      const auto piece = std::span(stream.bytes).subspan(stream.at, some);
      // Now and then alone: a stream keeps its state between the two ways.
      if (up_to(5) == 0)
        stream.digest.update(piece);
      else
        updates.push_back({&stream.digest, piece});
      stream.at += some;
    }
    update_together(updates);
    if (!more)
      break;
  }
  for (Stream& stream : streams)
    if (stream.digest.finish() != by_openssl(stream.name, stream.bytes))
      FAIL("case " << seed << ": " << stream.name << " of " << stream.bytes.size() << " bytes");
}

std::size_t cases() {
  const char* wanted = std::getenv("BACKGLANCE_LANE_CASES");
  return wanted == nullptr ? 2000 : std::strtoull(wanted, nullptr, 10);
}

}  // namespace

TEST_CASE("lanes pass their test on this CPU") {
  CHECK(refused_blocks().empty());
  CHECK_THAT(digest_engine_text(), Catch::Matchers::Contains("md5"));
}

namespace {

// Errs in one bit, if so many lanes are in use.
template <std::size_t kLanes>
void compress_wrongly(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks) {
  compress_lanes(hash, lanes, blocks);
  if (lanes.size() == kLanes)
    lanes.back().value->at(3) ^= 1;
}

}  // namespace

TEST_CASE("lanes that err with only one number of streams do not pass their test") {
  for (const BlockHash hash : {BlockHash::md5, BlockHash::sha256, BlockHash::sha512}) {
    const std::size_t lanes = lanes_of(hash);
    CAPTURE(block_hash_name(hash), lanes);
    CHECK(agrees_with_openssl(hash, lanes));
    if (lanes == 0)
      continue;
    CHECK_FALSE(agrees_with_openssl(hash, lanes, compress_wrongly<1>));
    CHECK(agrees_with_openssl(hash, 1, compress_wrongly<2>));
    if (lanes >= 4)
      CHECK_FALSE(agrees_with_openssl(hash, lanes, compress_wrongly<3>));
    if (lanes >= 16)
      CHECK_FALSE(agrees_with_openssl(hash, lanes, compress_wrongly<16>));
  }
}

TEST_CASE("every length from 0 to 1100 has OpenSSL's digest") {
  const auto engine = GENERATE(DigestEngine::automatic, DigestEngine::lanes, DigestEngine::openssl);
  const EngineChoice choice(engine);
  const auto bytes = random_bytes(1100, 1);
  for (const char* name : kNames) {
    std::vector<BlockDigest> digests(1101, BlockDigest(algorithm(name)));
    std::vector<BlockUpdate> updates;
    for (std::size_t length = 0; length <= 1100; ++length)
      updates.push_back({&digests[length], std::span(bytes).first(length)});
    update_together(updates);
    for (std::size_t length = 0; length <= 1100; ++length)
      REQUIRE(digests[length].finish() == by_openssl(name, std::span(bytes).first(length)));
  }
}

TEST_CASE("any cut of the input gives the same digest") {
  const auto bytes = random_bytes(400, 2);
  for (const char* name : kNames) {
    const std::string expected = by_openssl(name, bytes);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      BlockDigest digest(algorithm(name));
      digest.update(std::span(bytes).first(cut));
      const BlockUpdate rest{&digest, std::span(bytes).subspan(cut)};
      update_together({&rest, 1});
      REQUIRE(digest.finish() == expected);
    }
  }
}

TEST_CASE("every vector set of this CPU gives OpenSSL's blocks, in any number of lanes") {
  const std::int64_t all = hwy::SupportedTargets();
  std::size_t sets = 0;
  for (std::int64_t target = 1; target > 0 && target <= all; target <<= 1) {
    if ((target & all) == 0 || (target & HWY_TARGETS) == 0)
      continue;
    hwy::SetSupportedTargetsForTest(target);
    for (const BlockHash hash : {BlockHash::md5, BlockHash::sha256, BlockHash::sha512}) {
      const std::size_t lanes = lanes_of(hash);
      if (lanes == 0)
        continue;
      ++sets;
      INFO(lanes_target());
      for (std::size_t count = 1; count <= lanes; ++count) {
        constexpr std::size_t kBlocks = 5;
        const std::size_t words = hash == BlockHash::md5 ? 4 : 8;
        const auto bytes = random_bytes(count * kBlocks * block_bytes(hash), count);
        std::vector<ChainingValue> together(count);
        for (std::size_t i = 0; i < count; ++i)
          for (std::size_t word = 0; word < words; ++word)
            together[i][word] = (i + 1) * 0x01010101 + word;
        std::vector<ChainingValue> alone = together;
        std::vector<Lane> streams;
        for (std::size_t i = 0; i < count; ++i)
          streams.push_back({&together[i], bytes.data() + i * kBlocks * block_bytes(hash)});
        compress_lanes(hash, streams, kBlocks);
        for (std::size_t i = 0; i < count; ++i) {
          compress_one(hash, {&alone[i], streams[i].data}, kBlocks);
          REQUIRE(std::equal(alone[i].begin(), alone[i].begin() + words, together[i].begin()));
        }
      }
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  // Highway's scalar code, which has no lanes, is no set of vectors.
  const std::uint64_t with_lanes = static_cast<std::uint64_t>(all & HWY_TARGETS & ~HWY_SCALAR);
  CHECK(sets == 3 * static_cast<std::size_t>(std::popcount(with_lanes)));
}

TEST_CASE("streams that join and leave at any time have OpenSSL's digests") {
  const auto engine = GENERATE(DigestEngine::automatic, DigestEngine::lanes);
  const EngineChoice choice(engine);
  for (std::uint64_t seed = 1; seed <= cases(); ++seed)
    run_case(seed);
}

TEST_CASE("a stream beyond 512 MiB has its length in more than 32 bits") {
  const auto bytes = random_bytes(1 << 20, 3);
  for (const char* name : {"md5", "sha512"}) {
    BlockDigest digest(algorithm(name));
    DigestSet reference({&algorithm(name)});
    for (int i = 0; i < 520; ++i) {
      digest.update(bytes);
      reference.update(bytes);
    }
    CHECK(digest.bytes() == std::uint64_t{520} << 20);
    CHECK(digest.finish() == reference.finish()[0]);
  }
}

TEST_CASE("a digest continues from its saved state", "[digest]") {
  for (const char* name : kNames) {
    CAPTURE(name);
    const auto bytes = random_bytes(128 * 9 + 77, 3);
    const auto all = std::span<const std::byte>(bytes);
    for (std::size_t blocks = 0; blocks <= 9; ++blocks) {
      const std::size_t at = blocks * 128;
      BlockDigest before(algorithm(name));
      before.update(all.first(at));
      const auto state = before.save();
      REQUIRE(state.has_value());
      BlockDigest after(algorithm(name));
      REQUIRE(after.restore(*state, at));
      after.update(all.subspan(at));
      CHECK(after.finish() == by_openssl(name, bytes));
      before.update(all.subspan(at, 3));
      CHECK_FALSE(before.save().has_value());
    }
    BlockDigest digest(algorithm(name));
    const std::string state = *digest.save();
    for (const std::string& wrong : {std::string(), state + "0", state.substr(1),
                                     std::string(state.size(), 'x'), " " + state.substr(1)})
      CHECK_FALSE(digest.restore(wrong, 128));
    CHECK_FALSE(digest.restore(state, 1));
    CHECK(digest.finish() == by_openssl(name, {}));
  }
}
