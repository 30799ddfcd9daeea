// SPDX-License-Identifier: Apache-2.0
#include "read/pace/read_pace.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace backglance;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kMib = 1 << 20;
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::int64_t mib_in_time(const ReadPace& pace) {
  // The clock goes on while the test runs.
  return (pace.largest_in_time() + kMib / 2) / kMib;
}

}  // namespace

TEST_CASE("without an end everything fits, and so it does before an end beyond belief") {
  ReadPace pace(0, std::nullopt);
  pace.begin(4, 0);
  pace.add(1, seconds(1'000'000));
  CHECK(pace.largest_in_time() == kNoLimit);
  CHECK_FALSE(pace.out_of_time());
  ReadPace long_one(0, std::chrono::hours(24 * 200'000));
  CHECK_FALSE(long_one.out_of_time());
  CHECK(long_one.largest_in_time() > std::int64_t{1} << 50);
}

TEST_CASE("before the first read the pace is that of earlier runs, shared by the streams") {
  ReadPace pace(0, seconds(100));
  pace.begin(1, 0);
  CHECK(mib_in_time(pace) == Approx(5000).epsilon(0.02));
  pace.begin(4, 0);
  CHECK(mib_in_time(pace) == Approx(1250).epsilon(0.02));
  pace.begin(4, 2 * kMib);
  CHECK(mib_in_time(pace) == Approx(50).epsilon(0.02));
  CHECK(pace.largest_in_run() >= pace.largest_in_time());
}

TEST_CASE("what was read, to its end or not, soon counts for more than earlier runs") {
  ReadPace pace(0, seconds(100));
  pace.begin(2, 100 * kMib);
  for (int stream = 0; stream < 2; ++stream)
    pace.add(20 * kMib, seconds(20));
  // 100 MiB for the start's two seconds and 40 MiB for 40 s.
  CHECK(mib_in_time(pace) == Approx(100 * 140.0 / 42).epsilon(0.02));
  pace.add(0, seconds(10'000));
  CHECK(mib_in_time(pace) <= 2);
}

TEST_CASE("no stream is assumed to be faster than its share of the bandwidth") {
  ReadPace pace(4 * kMib, seconds(10));
  pace.begin(4, 1000 * kMib);
  CHECK(mib_in_time(pace) == Approx(10).epsilon(0.02));
}

TEST_CASE("when the time is over nothing fits") {
  const ReadPace pace(0, seconds(0));
  CHECK(pace.out_of_time());
  CHECK(pace.largest_in_time() == 0);
}
