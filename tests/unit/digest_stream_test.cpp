// SPDX-License-Identifier: Apache-2.0
#include "digest/digest_stream.h"

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "digest/digest_engine.h"
#include "digest/digest_set.h"

using namespace backglance;

namespace {

using Algorithms = std::vector<const DigestAlgorithm*>;

Algorithms algorithms(std::initializer_list<const char*> names) {
  Algorithms found;
  for (const char* name : names)
    found.push_back(find_digest_algorithm(name));
  return found;
}

// One buffer's worth of bytes, the same for all, from which each stream begins at another place.
const std::vector<std::byte>& noise() {
  static const std::vector<std::byte> bytes = [] {
    std::mt19937_64 random(7);
    std::vector<std::byte> some(4 * DigestWorkers::kBufferBytes);
    std::generate(some.begin(), some.end(), [&] { return static_cast<std::byte>(random()); });
    return some;
  }();
  return bytes;
}

// Reads `length` bytes from noise(), as a reader would, and ends as read_once does.
std::vector<std::string> read_all(DigestWorkers& workers, const Algorithms& all, std::size_t start,
                                  std::size_t length) {
  DigestStream stream(workers, all);
  for (std::size_t at = 0;;) {
    const auto buffer = stream.buffer();
    const std::size_t got = std::min(buffer.size(), length - at);
    for (std::size_t i = 0; i < got; ++i)
      buffer[i] = noise()[(start + at + i) % noise().size()];
    stream.hand_over(got);
    at += got;
    if (got < buffer.size())
      return stream.finish();
  }
}

std::vector<std::string> expected(const Algorithms& all, std::size_t start, std::size_t length) {
  DigestSet set(all);
  for (std::size_t at = 0; at < length;) {
    const std::size_t place = (start + at) % noise().size();
    const std::size_t some = std::min(length - at, noise().size() - place);
    set.update(std::span(noise()).subspan(place, some));
    at += some;
  }
  return set.finish();
}

// oneTBB starts no more threads than there are processors.
struct Threads {
  tbb::global_control control{tbb::global_control::max_allowed_parallelism, 8};
};

}  // namespace

TEST_CASE("one stream has OpenSSL's digests, whatever its length") {
  const Threads threads;
  const int count = GENERATE(1, 2, 5);
  DigestWorkers workers(count, 1);
  constexpr std::size_t kBuffer = DigestWorkers::kBufferBytes;
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, kBuffer - 1, kBuffer,
                                   kBuffer + 1, 2 * kBuffer, 7 * kBuffer + 4711})
    for (const auto& all :
         {algorithms({"md5", "sha512"}), algorithms({"md5", "md5"}),
          algorithms({"md5", "sha384", "sha512", "sha3_256", "blake2b", "sha256"})}) {
      INFO(length);
      REQUIRE(read_all(workers, all, 3, length) == expected(all, 3, length));
    }
}

TEST_CASE("many readers at once each get their own digests") {
  const Threads threads;
  constexpr std::size_t kReaders = 24;
  DigestWorkers workers(3, kReaders);
  std::vector<std::jthread> readers;
  std::atomic<int> wrong{0};
  for (std::size_t reader = 0; reader < kReaders; ++reader)
    readers.emplace_back([&, reader] {
      std::mt19937_64 random(reader);
      for (int image = 0; image < 12; ++image) {
        const auto all = reader % 5 == 0   ? algorithms({"md5", "sha3_512"})
                         : reader % 3 == 0 ? algorithms({"md5", "sha256"})
                                           : algorithms({"md5", "sha512"});
        const std::size_t start = random() % noise().size();
        const std::size_t length =
            image % 3 == 0 ? random() % 5000 : random() % (6 * DigestWorkers::kBufferBytes);
        wrong += read_all(workers, all, start, length) == expected(all, start, length) ? 0 : 1;
      }
    });
  readers.clear();
  CHECK(wrong == 0);
}

TEST_CASE("the only image with its algorithm does not wait for all others") {
  const Threads threads;
  constexpr std::size_t kReaders = 12;
  constexpr int kMostBuffers = 400;
  DigestWorkers workers(1, kReaders + 1);
  const auto feed = [&](const char* algorithm, int buffers, const std::atomic<bool>& end) {
    DigestStream stream(workers, algorithms({algorithm}), std::uint64_t{1} << 40);
    int fed = 0;
    for (; fed < buffers && !end; ++fed) {
      stream.buffer();
      stream.hand_over(DigestWorkers::kBufferBytes);
    }
    stream.finish();
    return fed;
  };
  std::atomic<bool> done{false};
  std::atomic<int> fed{0};
  std::vector<std::jthread> readers;
  for (std::size_t reader = 0; reader < kReaders; ++reader)
    readers.emplace_back([&] { fed += feed("sha512", kMostBuffers, done); });
  const std::atomic<bool> never{false};
  CHECK(feed("sha3_256", 3, never) == 3);
  done = true;
  readers.clear();
  CHECK(fed < kMostBuffers * static_cast<int>(kReaders) / 2);
}

TEST_CASE("a stream may be given up with buffers under way") {
  const Threads threads;
  DigestWorkers workers(2, 2);
  for (int i = 0; i < 200; ++i) {
    DigestStream stream(workers, algorithms({"md5", "sha512"}));
    for (int buffer = 0; buffer < i % 4; ++buffer) {
      std::ranges::fill(stream.buffer(), std::byte{1});
      stream.hand_over(DigestWorkers::kBufferBytes);
    }
  }
  CHECK(read_all(workers, algorithms({"sha512"}), 0, 100) ==
        expected(algorithms({"sha512"}), 0, 100));
}
