// SPDX-License-Identifier: Apache-2.0
// Reads that were broken off, and are gone on with in the middle.
#include <fcntl.h>
#include <sys/stat.h>

#include "digest/digest_stream.h"
#include "expand/expand.h"
#include "ledger/checkpoints.h"
#include "ledger/queue.h"
#include "ledger/results.h"
#include "read/resume.h"
#include "tests/steps/glance_site.h"

using namespace backglance;

namespace {

constexpr std::int64_t kSize = 4 << 20;

std::string some_content() {
  std::string content(kSize, ' ');
  std::uint32_t state = 1;
  for (char& byte : content) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return content;
}

// A site with one image whose read was broken off in the middle.
struct BrokenOff {
  explicit BrokenOff(const std::string& algorithm = "sha512") {
    site.site().hashing_algorithm = algorithm;
    expand(site.sql());
    image = site.upload(content);
    // It is named, or it would be too large to be begun; so it would be without a size.
    site.set(image, "size", nullptr);
    const BackfillRun run =
        run_backfill(site, {.jobs = 1, .images = {image}, .checkpoint_bytes = 512 << 10},
                     {.bytes_per_second = 2 << 20, .max_runtime = std::chrono::seconds(1)});
    REQUIRE(run.result.broken_off == 1);
    if (const auto found = Checkpoints(site.sql()).find(image))
      offset = found->offset;
  }

  void check_read(std::int64_t bytes) {
    const BackfillRun run = run_backfill(site);
    CHECK(run.images(ImageResult::hashed) == 1);
    CHECK(run.result.bytes_read == bytes);
    CHECK(run.outcomes.at(image).bytes == kSize);
    CHECK(site.get(image, "os_hash_value") == digest_of(name_for_openssl(), content));
    CHECK(site.get(image, "checksum") == digest_of("md5", content));
    CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_checkpoint") == 0);
  }
  void check_goes_on() { check_read(kSize - offset); }

  std::string name_for_openssl() const {
    const std::string& name = site.site().hashing_algorithm;
    return name == "sha3_256" ? "SHA3-256" : name;
  }

  void set(const std::string& column, const SqlValue& value) {
    site.sql().execute("UPDATE backglance_checkpoint SET " + column + " = :value",
                       {{"value", value}});
  }

  GlanceSite site;
  std::string content = some_content();
  std::string image;
  std::int64_t offset = 0;
};

// As a program that knows how to hide it.
void write_and_keep_mtime(const std::filesystem::path& file, std::int64_t at, char byte) {
  const int fd = open(file.c_str(), O_WRONLY);
  REQUIRE(fd >= 0);
  struct stat before = {};
  REQUIRE(fstat(fd, &before) == 0);
  REQUIRE(pwrite(fd, &byte, 1, at) == 1);
  const timespec times[] = {before.st_atim, before.st_mtim};
  REQUIRE(futimens(fd, times) == 0);
  close(fd);
}

}  // namespace

TEST_CASE("an interrupted read continues in the middle", "[backfill]") {
  const std::string algorithm = GENERATE("sha512", "sha256", "sha384", "md5");
  CAPTURE(algorithm);
  BrokenOff it(algorithm);
  CHECK(it.offset >= 512 << 10);
  CHECK(it.offset < kSize);
  CHECK(it.offset % std::int64_t{DigestWorkers::kBufferBytes} == 0);
  it.check_goes_on();
}

TEST_CASE("another host continues a read although the device has another number there",
          "[backfill]") {
  BrokenOff it;
  const std::string identity = *it.site.ours("checkpoint", it.image, "source_identity");
  it.set("source_identity", "99" + identity);
  it.check_goes_on();
}

TEST_CASE("a read starts from the beginning when its checkpoint does not fit", "[backfill]") {
  BrokenOff it;
  SECTION("the file was written to") {
    it.content[5] = static_cast<char>(it.content[5] + 1);
    it.site.write_file(it.site.file(it.image), it.content);
    it.site.set(it.image, "checksum", digest_of("md5", it.content));
  }
  SECTION("what lies before it is not what was read") {
    const auto at = static_cast<std::size_t>(it.offset) - 7;
    it.content[at] = static_cast<char>(it.content[at] + 1);
    write_and_keep_mtime(it.site.file(it.image), it.offset - 7, it.content[at]);
    it.site.set(it.image, "checksum", digest_of("md5", it.content));
  }
  SECTION("another algorithm is asked for") {
    it.site.site().hashing_algorithm = "sha256";
  }
  SECTION("another location is the image's") {
    it.set("location_id", std::int64_t{4711});
  }
  SECTION("a state is none") {
    it.set("md5_state", "0123");
  }
  SECTION("verify has not found the bytes as they were since it was taken") {
    it.site.sql().execute(
        "INSERT INTO backglance_verify (image_id, result, bytes_read, run_id, verified_at) "
        "VALUES (:id, 'hash_differs', 0, 'a run', {now})",
        {{"id", it.image}});
  }
  SECTION("the ledger was told to forget the image") {
    Results(it.site.sql()).forget(it.image);
  }
  SECTION("the offset is beyond the end") {
    it.set("offset_bytes", kSize + (1 << 20));
  }
  SECTION("the offset is none") {
    it.set("offset_bytes", std::int64_t{-1});
  }
  it.check_read(kSize);
}

TEST_CASE("a digest whose state cannot be saved has no checkpoints", "[backfill]") {
  BrokenOff it("sha3_256");
  CHECK(it.offset == 0);
  it.check_read(kSize);
}

TEST_CASE("only the holder of the lease can save a checkpoint", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  Queue queue(site.sql());
  queue.queue_new();
  const std::chrono::seconds lease(60);
  const auto claims = queue.claim("one", {}, 100, lease);
  REQUIRE(claims.size() == 1);
  Checkpoints checkpoints(site.sql());
  const auto at = [&](std::int64_t offset) {
    return Checkpoint{.image_id = image,
                      .location_id = 1,
                      .identity = "1:2:3:4",
                      .offset = offset,
                      .tail_digest = "t",
                      .algorithm = "sha512",
                      .md5_state = "m",
                      .digest_state = "d"};
  };
  CHECK(checkpoints.keep("one", claims[0], at(1)));
  CHECK(checkpoints.keep("one", claims[0], at(2)));
  CHECK_FALSE(checkpoints.keep("two", claims[0], at(3)));
  Claim later = claims[0];
  ++later.token;
  CHECK_FALSE(checkpoints.keep("one", later, at(3)));
  CHECK(checkpoints.find(image)->offset == 2);
  // The lease goes to another run, which has written one already.
  site.sql().execute("UPDATE backglance_checkpoint SET lease_token = :token",
                     {{"token", later.token}});
  CHECK_FALSE(checkpoints.keep("one", claims[0], at(3)));
  CHECK(checkpoints.find(image)->offset == 2);
  site.sql().execute("UPDATE backglance_item SET lease_until = 1");
  CHECK_FALSE(checkpoints.keep("one", claims[0], at(3)));
  CHECK(checkpoints.find(image)->offset == 2);
  checkpoints.forget_settled();
  CHECK(checkpoints.find(image).has_value());
  site.sql().execute("UPDATE backglance_item SET state = 'done'");
  checkpoints.forget_settled();
  CHECK_FALSE(checkpoints.find(image).has_value());
}
