// SPDX-License-Identifier: Apache-2.0
#include "read/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace backglance {
namespace {

// Sets the verdict. Its text, with the location that was read, comes before the texts for other
// locations.
void say(ReadOutcome& outcome, ImageResult image_result, std::string reason) {
  outcome.result = image_result;
  if (outcome.location_id)
    reason = fmt::format("location {}: {}", *outcome.location_id, reason);
  outcome.reason = outcome.reason.empty() ? reason : reason + "; " + outcome.reason;
}

// True if the size or the checksum differs; then the outcome has that result.
bool differs(const ImageRow& image, ReadOutcome& outcome) {
  if (image.size && *image.size != outcome.bytes) {
    say(outcome, ImageResult::size_differs,
        fmt::format("the store holds {} bytes, Glance says {}", outcome.bytes, *image.size));
    return true;
  }
  if (!image.checksum.empty() && lower_ascii(image.checksum) != outcome.md5) {
    say(outcome, ImageResult::checksum_differs,
        is_md5_hex(image.checksum)
            ? fmt::format("MD5 of the bytes is {}, Glance says {}", outcome.md5, image.checksum)
            : fmt::format("MD5 of the bytes is {}, Glance's checksum is not an MD5: '{}'",
                          outcome.md5, printable(image.checksum, 64)));
    return true;
  }
  return false;
}

}  // namespace

bool is_md5_hex(const std::string& checksum) {
  return checksum.size() == 32 &&
         checksum.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

bool has_other_length(const ImageRow& image, const Source& source) {
  const auto length = source.length();
  return length && image.size && static_cast<std::int64_t>(*length) != *image.size;
}

bool has_proof(const ImageRow& image) {
  return !image.checksum.empty() || !image.os_hash_value.empty();
}

void judge_for_backfill(const ImageRow& image, ReadOutcome& outcome) {
  if (differs(image, outcome))
    return;
  if (outcome.is_later_location && !has_proof(image))
    return say(outcome, ImageResult::other_location, "no checksum proves that it holds the image");
  outcome.result = ImageResult::hashed;
}

void judge_for_verify(const ImageRow& image, ReadOutcome& outcome) {
  if (differs(image, outcome))
    return;
  if (!image.os_hash_value.empty() && lower_ascii(image.os_hash_value) != outcome.digest) {
    say(outcome, ImageResult::hash_differs,
        fmt::format("{} of the bytes is {}, Glance says {}", outcome.algorithm, outcome.digest,
                    printable(image.os_hash_value, 128)));
    return;
  }
  if (outcome.is_later_location)
    return say(outcome, ImageResult::other_location,
               has_proof(image) ? "the bytes agree, but Glance serves another location first"
                                : "no checksum proves that it holds the image");
  outcome.result = ImageResult::verified;
  outcome.compared_nothing = !has_proof(image);
  if (image.os_hash_value != lower_ascii(image.os_hash_value))
    outcome.reason = "os_hash_value is not in lower case: glanceclient's download check will fail";
  else if (image.os_hash_value.empty())
    outcome.reason =
        image.checksum.empty()
            ? "there was nothing to compare with: the image has no hash and no checksum"
            : "compared by checksum only: the image has no os_hash_value";
}

}  // namespace backglance
