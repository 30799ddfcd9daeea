// SPDX-License-Identifier: Apache-2.0
#include "read/resume.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace backglance;
using namespace std::chrono_literals;

namespace {

// A read of what does not matter, a buffer at a time.
class Read {
 public:
  explicit Read(const Resumption& resumption)
      : taker_(resumption, {.image_id = "image", .identity = "object", .algorithm = "sha512"}) {}

  void go_on() {
    const auto buffer = stream_.buffer();
    stream_.hand_over(buffer.size());
    offset_ += static_cast<std::int64_t>(buffer.size());
    taker_.passed(buffer, offset_, stream_);
  }
  void break_off() { taker_.broken_off(stream_); }
  std::int64_t offset() const { return offset_; }

 private:
  DigestWorkers workers_{1, 1};
  DigestStream stream_{workers_, {&md5_algorithm(), find_digest_algorithm("sha512")}};
  CheckpointTaker taker_;
  std::int64_t offset_ = 0;
};

}  // namespace

TEST_CASE("a checkpoint is taken every 30 seconds or 4 GiB") {
  CHECK(Resumption().every == 30s);
  CHECK(Resumption().every_bytes == std::int64_t{4} << 30);
  std::vector<std::int64_t> taken;
  Resumption resumption;
  resumption.keep = [&](const Checkpoint& one) { taken.push_back(one.offset); };
  resumption.every = 1h;
  Read read(resumption);
  std::vector<std::int64_t> wanted;
  read.go_on();
  CHECK(taken == wanted);
  SECTION("by the time") {
    resumption.every = 0s;
  }
  SECTION("by the bytes") {
    resumption.every_bytes = 1;
  }
  SECTION("of what is broken off, if it is worth it") {
    read.break_off();
    CHECK(taken == wanted);
    resumption.every_bytes = read.offset() + 1;
    read.break_off();
    CHECK(taken == wanted);
    resumption.every_bytes = read.offset();
    read.break_off();
    wanted = {read.offset()};
    CHECK(taken == wanted);
    return;
  }
  read.go_on();
  wanted = {read.offset()};
  CHECK(taken == wanted);
  // Both count from the last one on.
  resumption.every = 1h;
  resumption.every_bytes = read.offset();
  read.go_on();
  CHECK(taken == wanted);
  read.go_on();
  wanted.push_back(read.offset());
  CHECK(taken == wanted);
}
