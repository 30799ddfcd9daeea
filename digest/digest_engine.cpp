// SPDX-License-Identifier: Apache-2.0
#include "digest/digest_engine.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "digest/lockstep.h"
#include "digest/self_test.h"

namespace backglance {
namespace {

// In the order of the enum: facts_of() finds them by the value.
constexpr BlockHash kHashes[] = {BlockHash::md5, BlockHash::sha256, BlockHash::sha512};
constexpr std::size_t kHashCount = std::size(kHashes);

// Written before the first digest, and read by all workers.
std::atomic<DigestEngine> chosen_engine{DigestEngine::automatic};

bool is_openssl_chosen() {
  return chosen_engine.load(std::memory_order_relaxed) == DigestEngine::openssl;
}

// Of one compression function on this CPU.
struct BlockFacts {
  bool is_right = false;  // it passed the test
  LaneUse use;

  // If lanes are never quicker, `pays` is larger than their number.
  bool any_pay() const { return use.lanes > 0 && use.lanes >= use.pays; }
};

// The best of a few tries: another process, or an interrupt, can only make a try longer.
template <typename Work>
std::chrono::nanoseconds quickest(const Work& work) {
  constexpr int kTries = 5;
  auto best = std::chrono::nanoseconds::max();
  for (int i = 0; i < kTries; ++i) {
    const auto began = std::chrono::steady_clock::now();
    work();
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - began);
  }
  return best;
}

// From how many streams on lanes are quicker than one stream after the other.
std::size_t streams_that_pay(BlockHash hash, std::size_t lanes) {
  // Few enough for the caches of a core: the code is to be measured, and not the memory.
  constexpr std::size_t kBlocks = 64;
  const auto bytes = test_bytes(lanes * kBlocks * block_bytes(hash));
  std::vector<ChainingValue> values(lanes);
  std::vector<Lane> streams;
  for (std::size_t i = 0; i < lanes; ++i)
    streams.push_back({&values[i], bytes.data() + i * kBlocks * block_bytes(hash)});
  const auto alone = quickest([&] { compress_one(hash, streams[0], kBlocks); });
  const auto pays = [&](std::size_t count) {
    const std::span some(streams.data(), count);
    const auto together = quickest([&] { compress_lanes(hash, some, kBlocks); });
    // What is gained must be worth a start for few blocks.
    return 11 * together < 10 * static_cast<std::int64_t>(count) * alone;
  };
  // From the top: where one more stream takes one more vector, it may pay below and not above.
  std::size_t count = lanes + 1;
  while (count > 1 && pays(count - 1))
    --count;
  return count;
}

BlockFacts look_at(BlockHash hash) {
  BlockFacts facts;
  const std::size_t lanes = lanes_of(hash);
  facts.is_right = agrees_with_openssl(hash, lanes);
  if (facts.is_right && lanes > 0)
    facts.use = {.lanes = lanes, .pays = streams_that_pay(hash, lanes)};
  return facts;
}

BlockFacts facts_of(BlockHash hash) {
  if (is_openssl_chosen())
    return {.is_right = true, .use = {}};
  // Tested and measured once for the process, by the first thread that asks; others wait for it.
  static const std::array<BlockFacts, kHashCount> all = {
      look_at(BlockHash::md5), look_at(BlockHash::sha256), look_at(BlockHash::sha512)};
  BlockFacts facts = all[static_cast<std::size_t>(hash)];
  if (chosen_engine.load(std::memory_order_relaxed) == DigestEngine::lanes)
    // Asked for by name, so even where one after the other is quicker.
    facts.use.pays = 1;
  return facts;
}

}  // namespace

void update_together(std::span<const BlockUpdate> updates) {
  for (const BlockHash hash : kHashes) {
    // Lanes that run in lockstep have one compression function.
    Lockstep lockstep(hash, facts_of(hash).use);
    for (const BlockUpdate& update : updates)
      if (update.digest->hash() == hash)
        lockstep.add(update);
    lockstep.run();
  }
}

void choose_digest_engine(DigestEngine engine) {
  chosen_engine.store(engine);
}

bool uses_blocks(const DigestAlgorithm& algorithm) {
  if (is_openssl_chosen() || !has_lanes(algorithm) ||
      !facts_of(BlockDigest(algorithm).hash()).is_right)
    return false;
  // In FIPS mode only OpenSSL's provider was validated; --digest-engine lanes overrides that.
  static const bool fips = EVP_default_properties_is_fips_enabled(nullptr) == 1;
  return chosen_engine.load(std::memory_order_relaxed) == DigestEngine::lanes || !fips;
}

std::size_t useful_lanes(BlockHash hash) {
  const BlockFacts facts = facts_of(hash);
  return facts.any_pay() ? facts.use.lanes : 1;
}

std::vector<BlockHash> refused_blocks() {
  std::vector<BlockHash> refused;
  std::copy_if(std::begin(kHashes), std::end(kHashes), std::back_inserter(refused),
               [](BlockHash hash) { return !facts_of(hash).is_right; });
  return refused;
}

std::string digest_engine_text() {
  std::string text = lanes_target();
  for (const BlockHash hash : kHashes) {
    const BlockFacts facts = facts_of(hash);
    text += fmt::format("{} {} {}", hash == BlockHash::md5 ? ":" : ",", block_hash_name(hash),
                        facts.any_pay() ? fmt::format("in {} lanes from {} streams on",
                                                      facts.use.lanes, facts.use.pays)
                                        : "one by one");
  }
  return text;
}

}  // namespace backglance
