// SPDX-License-Identifier: Apache-2.0
// How fast digests are computed of images that lie in memory: in lanes where they lie, whether they
// pay or not; by DigestWorkers whom readers hand them over; and by OpenSSL's EVP in one pass, chunk
// by chunk, as Glance does it. Prints one JSON object. bench/digests.py runs it beside other
// programs.
//
//   digest_speed IMAGES MIB WORKERS ROUNDS ALGORITHM...
#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "bench/cpu_seconds.h"
#include "digest/digest_engine.h"
#include "digest/digest_set.h"
#include "digest/digest_stream.h"

using namespace backglance;

namespace {

using Algorithms = std::vector<const DigestAlgorithm*>;
using Image = std::span<const std::byte>;

struct Time {
  double wall = 0;
  double cpu = 0;
};

template <typename Work>
Time timed(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
          cpu_seconds() - cpu};
}

// What `chunk` takes of each image from first to last byte.
template <typename Chunk>
void for_chunks(const Image& image, std::size_t size, const Chunk& chunk) {
  for (std::size_t at = 0; at < image.size(); at += size)
    chunk(image.subspan(at, std::min(size, image.size() - at)));
}

// All on this thread, without a copy: so much of each image that the second digest finds in the
// cache what the first one read.
std::vector<std::vector<std::string>> in_place(const std::vector<Image>& images,
                                               const Algorithms& algorithms) {
  constexpr std::size_t kChunk = 16 << 10;
  std::vector<std::vector<BlockDigest>> parts(algorithms.size());
  for (std::size_t i = 0; i < algorithms.size(); ++i)
    parts[i].assign(images.size(), BlockDigest(*algorithms[i]));
  for (std::size_t at = 0; at < images[0].size(); at += kChunk)
    for (auto& streams : parts) {
      std::vector<BlockUpdate> updates;
      for (std::size_t i = 0; i < images.size(); ++i)
        updates.push_back(
            {&streams[i], images[i].subspan(at, std::min(kChunk, images[i].size() - at))});
      update_together(updates);
    }
  std::vector<std::vector<std::string>> digests(images.size());
  for (auto& streams : parts)
    for (std::size_t i = 0; i < images.size(); ++i)
      digests[i].push_back(streams[i].finish());
  return digests;
}

// A reader for each image, who copies it into the buffers as read(2) would.
std::vector<std::vector<std::string>> together(const std::vector<Image>& images, int workers,
                                               const Algorithms& algorithms) {
  std::vector<std::vector<std::string>> digests(images.size());
  DigestWorkers pool(workers, images.size());
  std::vector<std::jthread> readers;
  for (std::size_t i = 0; i < images.size(); ++i)
    readers.emplace_back([&, i] {
      DigestStream stream(pool, algorithms);
      for_chunks(images[i], DigestWorkers::kBufferBytes, [&](std::span<const std::byte> bytes) {
        std::memcpy(stream.buffer().data(), bytes.data(), bytes.size());
        stream.hand_over(bytes.size());
      });
      digests[i] = stream.finish();
    });
  readers.clear();
  return digests;
}

std::vector<std::vector<std::string>> one_by_one(const std::vector<Image>& images,
                                                 const Algorithms& algorithms) {
  constexpr std::size_t kChunk = 64 << 10;
  std::vector<std::vector<std::string>> digests;
  for (const Image& image : images) {
    DigestSet set(algorithms);
    for_chunks(image, kChunk, [&](std::span<const std::byte> bytes) { set.update(bytes); });
    digests.push_back(set.finish());
  }
  return digests;
}

// What this core does while it digests, in cycles of 1e-9 s: one addition of a chain takes one.
double clock_ghz() {
  constexpr int kAdditions = 100'000'000;
  std::uint64_t value = 0;
  const Time time = timed([&] {
    for (int i = 0; i < kAdditions; i += 10)
      for (int j = 0; j < 10; ++j) {
        value += 1;
        asm volatile("" : "+r"(value));  // no two of them become one
      }
  });
  return kAdditions / time.wall / 1e9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr, "usage: digest_speed IMAGES MIB WORKERS ROUNDS ALGORITHM...\n");
    return 2;
  }
  const auto number = [&](int i) { return static_cast<std::size_t>(std::atol(argv[i])); };
  // Not a power of two apart, as the buffers that backfill reads into (digest_scheduler.h).
  const std::size_t size = number(2) << 20;
  const std::size_t stride = size + 192;
  std::vector<std::byte> memory(number(1) * stride);
  std::vector<Image> images;
  for (std::size_t i = 0; i < number(1); ++i)
    images.emplace_back(memory.data() + i * stride, size);
  const int workers = std::atoi(argv[3]);
  Algorithms algorithms;
  for (int i = 5; i < argc; ++i) {
    algorithms.push_back(find_digest_algorithm(argv[i]));
    if (algorithms.back() == nullptr) {
      fmt::print(stderr, "digest_speed: no algorithm {}\n", argv[i]);
      return 2;
    }
  }
  std::mt19937_64 random(1);
  for (std::size_t at = 0; at + 8 <= memory.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(memory.data() + at, &word, sizeof word);
  }
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(workers) + 1);
  // The self-test and the choice of lanes are no part of it.
  const std::string engine = digest_engine_text();
  // One image alone fills no lanes.
  const bool has_blocks =
      images.size() > 1 && std::all_of(algorithms.begin(), algorithms.end(),
                                       [](const auto* one) { return uses_blocks(*one); });
  std::vector<double> clock;
  std::vector<double> lanes;
  std::vector<double> ours;
  std::vector<double> ours_cpu;
  std::vector<double> evp;
  for (std::size_t round = 0; round < number(4); ++round) {
    std::vector<std::vector<std::string>> found;
    std::vector<std::vector<std::string>> found_in_place;
    std::vector<std::vector<std::string>> expected;
    if (has_blocks) {
      choose_digest_engine(DigestEngine::lanes);
      clock.push_back(clock_ghz());
      lanes.push_back(timed([&] { found_in_place = in_place(images, algorithms); }).wall);
      choose_digest_engine(DigestEngine::automatic);
    }
    const Time time = timed([&] { found = together(images, workers, algorithms); });
    ours.push_back(time.wall);
    ours_cpu.push_back(time.cpu);
    evp.push_back(timed([&] { expected = one_by_one(images, algorithms); }).wall);
    if (found != expected || (has_blocks && found_in_place != expected)) {
      fmt::print(stderr, "digest_speed: the digests differ\n");
      return 1;
    }
  }
  const double bytes = static_cast<double>(images.size() * images[0].size());
  fmt::print(
      "{{\"engine\": \"{}\", \"bytes\": {:.0f}, \"in_place_wall\": {:.4f}, \"ours_wall\": {:.4f}, "
      "\"ours_cpu\": {:.4f}, \"evp_wall\": {:.4f}, \"clock_ghz\": {:.3f}}}\n",
      engine, bytes, has_blocks ? median(lanes) : 0, median(ours), median(ours_cpu), median(evp),
      has_blocks ? median(clock) : 0);
  return 0;
}
