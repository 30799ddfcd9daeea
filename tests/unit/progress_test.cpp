// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <catch2/catch.hpp>

using namespace backglance;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("progress is in bytes, with rate and time left") {
  ReadCounters counters;
  counters.bytes_total = 100 * kMiB;
  counters.images_total = 7;
  counters.bytes_read = 25 * kMiB;
  counters.images_settled = 2;
  CHECK(progress_line(counters, 5.0 * kMiB, 200) ==
        "[=====               ]  25%  25.0 MiB of 100.0 MiB, 5.0 MiB/s, 15 s left, 2 of 7 images");
}

TEST_CASE("on a narrow terminal what is left of the time is the last to go") {
  ReadCounters counters;
  counters.bytes_total = 100 * kMiB;
  counters.images_total = 7;
  counters.bytes_read = 25 * kMiB;
  counters.findings = 2;
  const auto line = [&](int columns) { return progress_line(counters, 5.0 * kMiB, columns); };
  CHECK(line(90) == " 25%  25.0 MiB of 100.0 MiB, 5.0 MiB/s, 15 s left, 0 of 7 images, 2 findings");
  CHECK(line(64) == " 25%  25.0 MiB of 100.0 MiB, 5.0 MiB/s, 15 s left, 2 findings");
  CHECK(line(40) == " 25%, 5.0 MiB/s, 15 s left");
  CHECK(line(20) == " 25%, 15 s left");
  CHECK(progress_line(counters, 5.0 * kMiB, 20, "the window opens at 22:00") == " 25%, waiting");
}

TEST_CASE("the reason of a wait replaces the rate") {
  ReadCounters counters;
  counters.bytes_total = 100 * kMiB;
  counters.images_total = 7;
  counters.bytes_read = 25 * kMiB;
  CHECK(progress_line(counters, 5.0 * kMiB, 200, "the window opens at 22:00") ==
        "[=====               ]  25%  25.0 MiB of 100.0 MiB, waiting: the window opens at 22:00, "
        "0 of 7 images");
}

TEST_CASE("bytes that will not be read count as progress") {
  ReadCounters counters;
  counters.bytes_total = 100 * kMiB;
  counters.images_total = 2;
  counters.skip(50 * kMiB, 0);
  counters.findings = 1;
  const std::string line = progress_line(counters, 0, 200);
  CHECK(line.find(" 50%") != std::string::npos);
  CHECK(line.find("1 finding") != std::string::npos);
}

TEST_CASE("the line fits the terminal and survives figures beyond the expected") {
  ReadCounters counters;
  CHECK_FALSE(progress_line(counters, 0, 80).empty());
  counters.bytes_total = 1;
  counters.bytes_read = 1'000'000 * kMiB;
  counters.images_settled = 5;
  CHECK(progress_line(counters, 1e12, 200).find("100%") != std::string::npos);
  for (const int columns : {0, 1, 20, 79, 80})
    CHECK(static_cast<int>(progress_line(counters, 1e12, columns).size()) <= columns);
}
