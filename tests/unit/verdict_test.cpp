// SPDX-License-Identifier: Apache-2.0
#include "read/verdict.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace backglance;

namespace {

constexpr const char* kMd5 = "900150983cd24fb0d6963f7d28e17f72";

ImageRow image_with(std::optional<std::int64_t> size, const std::string& checksum,
                    const std::string& algorithm = "", const std::string& value = "") {
  ImageRow image;
  image.id = "an image";
  image.hashable = true;
  image.size = size;
  image.checksum = checksum;
  image.os_hash_algo = algorithm;
  image.os_hash_value = value;
  return image;
}

ReadOutcome three_bytes() {
  ReadOutcome outcome;
  outcome.bytes = 3;
  outcome.md5 = kMd5;
  outcome.algorithm = "sha256";
  outcome.digest = "ba7816bf";
  return outcome;
}

ImageResult backfill_verdict(const ImageRow& image) {
  ReadOutcome outcome = three_bytes();
  judge_for_backfill(image, outcome);
  return outcome.result;
}

ImageResult verify_verdict(const ImageRow& image) {
  ReadOutcome outcome = three_bytes();
  judge_for_verify(image, outcome);
  return outcome.result;
}

}  // namespace

TEST_CASE("bytes that agree with everything that Glance knows get a hash") {
  CHECK(backfill_verdict(image_with(3, kMd5)) == ImageResult::hashed);
  CHECK(backfill_verdict(image_with(std::nullopt, kMd5)) == ImageResult::hashed);
  CHECK(backfill_verdict(image_with(3, "")) == ImageResult::hashed);
  CHECK(backfill_verdict(image_with(3, "900150983CD24FB0D6963F7D28E17F72")) == ImageResult::hashed);
}

TEST_CASE("bytes that disagree with size or checksum never get a hash") {
  CHECK(backfill_verdict(image_with(4, kMd5)) == ImageResult::size_differs);
  CHECK(backfill_verdict(image_with(-1, kMd5)) == ImageResult::size_differs);
  CHECK(backfill_verdict(image_with(3, "900150983cd24fb0d6963f7d28e17f73")) ==
        ImageResult::checksum_differs);
  CHECK(backfill_verdict(image_with(3, "no md5 at all")) == ImageResult::checksum_differs);
  CHECK(backfill_verdict(image_with(3, fmt::format("{} ", kMd5))) == ImageResult::checksum_differs);
}

TEST_CASE("a disagreement says both values and no control character") {
  ReadOutcome outcome = three_bytes();
  judge_for_backfill(image_with(3, "\x1b[31mred"), outcome);
  CHECK(outcome.reason.find(kMd5) != std::string::npos);
  CHECK(outcome.reason.find('\x1b') == std::string::npos);
}

TEST_CASE("a disagreement names the location that was read") {
  const auto reason_of = [](const ImageRow& image) {
    ReadOutcome outcome = three_bytes();
    outcome.location_id = 22;
    outcome.reason = "location 21: no such file";
    judge_for_verify(image, outcome);
    return outcome.reason;
  };
  for (const ImageRow& image : {image_with(4, kMd5), image_with(3, "no md5 at all"),
                                image_with(3, kMd5, "sha256", "ba7816b0")}) {
    CHECK(reason_of(image).starts_with("location 22: "));
    CHECK(reason_of(image).ends_with("; location 21: no such file"));
  }
}

TEST_CASE("bytes of a later location are the image only if a checksum says so") {
  const auto backfill = [](const ImageRow& image) {
    ReadOutcome outcome = three_bytes();
    outcome.is_later_location = true;
    judge_for_backfill(image, outcome);
    return outcome.result;
  };
  CHECK(backfill(image_with(3, kMd5)) == ImageResult::hashed);
  // All disks of one flavor have the same size.
  CHECK(backfill(image_with(3, "")) == ImageResult::other_location);
  CHECK(backfill(image_with(std::nullopt, "")) == ImageResult::other_location);
  CHECK(backfill(image_with(4, "")) == ImageResult::size_differs);
  ReadOutcome outcome = three_bytes();
  outcome.is_later_location = true;
  judge_for_verify(image_with(3, kMd5, "sha256", "ba7816bf"), outcome);
  CHECK(outcome.result == ImageResult::other_location);
  judge_for_verify(image_with(3, kMd5, "sha256", "ba7816b0"), outcome);
  CHECK(outcome.result == ImageResult::hash_differs);
}

TEST_CASE("verify compares the digest and falls back to the checksum") {
  CHECK(verify_verdict(image_with(3, kMd5, "sha256", "ba7816bf")) == ImageResult::verified);
  CHECK(verify_verdict(image_with(3, kMd5, "sha256", "BA7816BF")) == ImageResult::verified);
  CHECK(verify_verdict(image_with(3, kMd5, "sha256", "ba7816b0")) == ImageResult::hash_differs);
  CHECK(verify_verdict(image_with(3, kMd5)) == ImageResult::verified);
  CHECK(verify_verdict(image_with(3, "900150983cd24fb0d6963f7d28e17f73", "sha256", "ba7816bf")) ==
        ImageResult::checksum_differs);
}
