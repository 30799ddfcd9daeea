// SPDX-License-Identifier: Apache-2.0
#include "read/read_options.h"

#include <algorithm>
#include <thread>

#include "base/priority.h"
#include "digest/digest_engine.h"

namespace backglance {
namespace {

// More parallel reads only make a store seek more, whatever the number of cores.
constexpr int kMostReaders = 96;

}  // namespace

int ReadOptions::jobs_or_default() const {
  // More jobs than cores would only take turns.
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return jobs > 0 ? std::min(jobs, processors) : processors;
}

std::function<void()> ReadOptions::begin_thread() const {
  return gives_way ? give_way : std::function<void()>();
}

int ReadOptions::streams_or_default() const {
  // As many streams as fill the lanes of all cores, if neither option is given.
  const auto lanes = static_cast<int>(useful_lanes(BlockHash::md5));
  // --jobs alone also limits the streams, so that `--jobs 1` reads one image at a time.
  const int asked = streams > 0 ? streams : jobs;
  return std::min(asked > 0 ? asked : jobs_or_default() * lanes, kMostReaders);
}

int ReadOptions::readers(const Stores& stores) const {
  const auto places = static_cast<int>(
      std::clamp<std::size_t>(stores.places().size(), 1, static_cast<std::size_t>(kMostReaders)));
  // --streams-per-store counts for each place, the other numbers for all places together.
  return streams > 0 ? std::min(streams * places, kMostReaders) : streams_or_default();
}

StreamLimits::Terms ReadOptions::stream_terms(const Stores& stores) const {
  return {.places = stores.places(),
          .cores = jobs_or_default(),
          .most = streams_or_default(),
          .fixed = streams > 0 || jobs > 0,
          .traits = [&stores](const std::string& place) { return stores.traits(place); }};
}

}  // namespace backglance
