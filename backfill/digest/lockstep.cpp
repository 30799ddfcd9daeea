// Which streams share lanes, and when.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "backfill/digest/block_digest.h"

namespace backglance {
namespace {

constexpr BlockHash kHashes[] = {BlockHash::md5, BlockHash::sha256, BlockHash::sha512};
constexpr std::size_t kHashCount = std::size(kHashes);

std::atomic<DigestEngine> chosen_engine{DigestEngine::automatic};

// Of one compression function on this CPU.
struct LaneFacts {
  std::size_t lanes = 0;  // 0: none, or they are not to be trusted
  std::size_t pays = 0;   // with so many streams, or more, lanes are quicker
  bool refused = false;

  bool any_pay() const { return lanes > 0 && lanes >= pays; }
};

// Different bytes for each lane, the same on every machine.
std::vector<std::byte> test_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state >> 56);
  }
  return bytes;
}

constexpr std::size_t kTestBlocks = 64;

struct TestStreams {
  TestStreams(BlockHash hash, std::size_t count)
      : bytes(test_bytes(count * kTestBlocks * block_bytes(hash))), values(count) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t word = 0; word < values[i].size(); ++word)
        values[i][word] = 0x01020304 + 0x01010101 * word + i;
      lanes.push_back({&values[i], bytes.data() + i * kTestBlocks * block_bytes(hash)});
    }
  }
  std::vector<std::byte> bytes;
  std::vector<ChainingValue> values;
  std::vector<Lane> lanes;
};

// MD5 has four words: what lies behind them is not part of the answer.
bool agree(BlockHash hash, const ChainingValue& one, const ChainingValue& other) {
  return std::equal(one.begin(), one.begin() + (hash == BlockHash::md5 ? 4 : 8), other.begin());
}

// From chaining values that differ, over bytes that differ, in every number of lanes.
bool lanes_are_right(BlockHash hash, std::size_t lanes) {
  for (std::size_t count = 1; count <= lanes; ++count) {
    TestStreams together(hash, count);
    TestStreams alone(hash, count);
    compress_lanes(hash, together.lanes, kTestBlocks);
    for (std::size_t i = 0; i < count; ++i) {
      compress_one(hash, alone.lanes[i], kTestBlocks);
      if (!agree(hash, together.values[i], alone.values[i]))
        return false;
    }
  }
  return true;
}

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

LaneFacts look_at(BlockHash hash) {
  LaneFacts facts;
  const std::size_t lanes = lanes_of(hash);
  if (lanes == 0)
    return facts;
  if (!lanes_are_right(hash, lanes)) {
    facts.refused = true;
    return facts;
  }
  facts.lanes = lanes;
  TestStreams streams(hash, lanes);
  const auto together = quickest([&] { compress_lanes(hash, streams.lanes, kTestBlocks); });
  const auto alone = quickest([&] { compress_one(hash, streams.lanes[0], kTestBlocks); });
  // What is gained must be worth a start for few blocks.
  facts.pays =
      static_cast<std::size_t>(1.1 * static_cast<double>(together.count()) /
                               static_cast<double>(std::max<std::int64_t>(alone.count(), 1))) +
      1;
  return facts;
}

const std::array<LaneFacts, kHashCount>& all_facts() {
  static const std::array<LaneFacts, kHashCount> facts = {
      look_at(BlockHash::md5), look_at(BlockHash::sha256), look_at(BlockHash::sha512)};
  return facts;
}

LaneFacts facts_of(BlockHash hash) {
  const DigestEngine engine = chosen_engine.load(std::memory_order_relaxed);
  if (engine == DigestEngine::openssl)
    return {};
  LaneFacts facts = all_facts()[static_cast<std::size_t>(hash)];
  if (engine == DigestEngine::lanes && facts.lanes > 0)
    facts.pays = 1;
  return facts;
}

}  // namespace

// The streams of one compression function.
class Lockstep {
 public:
  explicit Lockstep(BlockHash hash) : hash_(hash), facts_(facts_of(hash)) {}

  void add(const LaneUpdate& update) {
    Stream stream{update.digest, update.digest->begin(update.bytes), 0};
    stream.blocks = stream.pieces.blocks + (stream.pieces.held_block ? 1 : 0);
    streams_.push_back(stream);
  }

  void run() {
    // The longest first, so that few are left over at the end.
    std::stable_sort(streams_.begin(), streams_.end(),
                     [](const Stream& a, const Stream& b) { return a.blocks > b.blocks; });
    std::vector<Stream*> active;
    auto next = streams_.begin();
    for (;;) {
      std::erase_if(active, [](const Stream* stream) { return stream->blocks == 0; });
      while (active.size() < facts_.lanes && next != streams_.end() && next->blocks > 0)
        active.push_back(&*next++);
      if (active.empty() || active.size() < facts_.pays)
        break;
      step(active);
    }
    for (Stream* stream : active)
      alone(*stream);
    for (; next != streams_.end(); ++next)
      alone(*next);
    for (Stream& stream : streams_)
      stream.digest->end(stream.pieces);
  }

 private:
  struct Stream {
    BlockDigest* digest;
    BlockDigest::Pieces pieces;
    std::size_t blocks;  // still to compress
  };

  // Where the stream's next blocks lie, and how many of them in a row.
  static std::pair<const std::byte*, std::size_t> front(const Stream& stream) {
    if (stream.pieces.held_block)
      return {stream.digest->rest_.data(), 1};
    return {stream.pieces.data, stream.pieces.blocks};
  }

  void advance(Stream& stream, std::size_t blocks) const {
    stream.blocks -= blocks;
    if (stream.pieces.held_block) {
      stream.pieces.held_block = false;
      return;
    }
    stream.pieces.data += blocks * block_bytes(hash_);
    stream.pieces.blocks -= blocks;
  }

  void step(const std::vector<Stream*>& active) const {
    std::vector<Lane> lanes;
    lanes.reserve(active.size());
    std::size_t blocks = front(*active[0]).second;
    for (const Stream* stream : active) {
      const auto [data, in_row] = front(*stream);
      lanes.push_back({&stream->digest->value_, data});
      blocks = std::min(blocks, in_row);
    }
    compress_lanes(hash_, lanes, blocks);
    for (Stream* stream : active)
      advance(*stream, blocks);
  }

  void alone(Stream& stream) const {
    while (stream.blocks > 0) {
      const auto [data, in_row] = front(stream);
      compress_one(hash_, {&stream.digest->value_, data}, in_row);
      advance(stream, in_row);
    }
  }

  BlockHash hash_;
  LaneFacts facts_;
  std::vector<Stream> streams_;
};

void update_together(std::span<const LaneUpdate> updates) {
  for (const BlockHash hash : kHashes) {
    Lockstep lockstep(hash);
    for (const LaneUpdate& update : updates)
      if (update.digest->hash() == hash)
        lockstep.add(update);
    lockstep.run();
  }
}

void choose_digest_engine(DigestEngine engine) {
  chosen_engine.store(engine);
}

bool uses_blocks(const DigestAlgorithm& algorithm) {
  if (!has_lanes(algorithm))
    return false;
  switch (chosen_engine.load(std::memory_order_relaxed)) {
    case DigestEngine::openssl:
      return false;
    case DigestEngine::lanes:
      return true;
    case DigestEngine::automatic:
      break;
  }
  static const bool fips = EVP_default_properties_is_fips_enabled(nullptr) == 1;
  return !fips;
}

std::size_t useful_lanes(BlockHash hash) {
  const LaneFacts facts = facts_of(hash);
  return facts.any_pay() ? facts.lanes : 1;
}

std::vector<BlockHash> refused_lanes() {
  std::vector<BlockHash> refused;
  for (const BlockHash hash : kHashes)
    if (all_facts()[static_cast<std::size_t>(hash)].refused)
      refused.push_back(hash);
  return refused;
}

std::string_view block_hash_name(BlockHash hash) {
  constexpr std::string_view kNames[] = {"md5", "sha256", "sha512"};
  return kNames[static_cast<std::size_t>(hash)];
}

std::string digest_engine_text() {
  std::string text = lanes_target();
  for (const BlockHash hash : kHashes) {
    const LaneFacts facts = facts_of(hash);
    text += fmt::format("{} {} {}", hash == BlockHash::md5 ? ":" : ",", block_hash_name(hash),
                        facts.any_pay()
                            ? fmt::format("in {} lanes from {} streams on", facts.lanes, facts.pays)
                            : "one by one");
  }
  return text;
}

}  // namespace backglance
