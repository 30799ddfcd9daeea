// SPDX-License-Identifier: Apache-2.0
#include "store/attempt.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/error.h"
#include "base/hex.h"

namespace backglance {
namespace {

AttemptFailure failure(FailureKind kind, std::string reason) {
  AttemptFailure failure;
  failure.result = ImageResult::unreadable;
  failure.reason = std::move(reason);
  failure.kind = kind;
  return failure;
}

}  // namespace

AttemptFailure image_failure(ImageResult result, std::string reason) {
  AttemptFailure made = failure(FailureKind::image, std::move(reason));
  made.result = result;
  return made;
}

AttemptFailure unreadable_failure(std::string reason) {
  return image_failure(ImageResult::unreadable, std::move(reason));
}

AttemptFailure changed_failure(std::string reason) {
  return image_failure(ImageResult::changed_while_read, std::move(reason));
}

AttemptFailure place_failure(std::string reason) {
  return failure(FailureKind::place, std::move(reason));
}

AttemptFailure transient_failure(std::string reason) {
  return failure(FailureKind::transient, std::move(reason));
}

AttemptFailure unreached_failure(std::string reason) {
  AttemptFailure made = transient_failure(std::move(reason));
  made.is_unreached = true;
  return made;
}

AttemptFailure stopped_failure() {
  return failure(FailureKind::stopped, "the run was stopped");
}

std::string network_identity(std::string_view type, const std::vector<std::string>& fields) {
  // The length in front of each field: two different lists never make the same text.
  std::string text;
  for (const std::string& field : fields)
    text += fmt::format("{}:{}", field.size(), field);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error(ErrorKind::io, "OpenSSL cannot compute SHA-256");
  return fmt::format("{}:{}", type, hex({digest.data(), length}));
}

}  // namespace backglance
