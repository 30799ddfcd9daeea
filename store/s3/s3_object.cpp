// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace backglance {

std::string s3_identity(const S3Location& object, const S3Sight& seen) {
  return network_identity("s3", {object.bucket, object.key, seen.version, seen.etag,
                                 std::to_string(seen.length), seen.modified});
}

S3Object::S3Object(S3Client& client, S3Location object, S3Keys keys, S3Sight seen)
    : client_(client), object_(std::move(object)), keys_(std::move(keys)), seen_(std::move(seen)) {}

std::variant<std::size_t, AttemptFailure> S3Object::read_some(std::span<std::byte> buffer) {
  // The length is proved: each window's answer has told the same one.
  if (offset_ >= seen_.length || buffer.empty())
    return std::size_t{0};
  if (!transfer_) {
    window_end_ = std::min(seen_.length, offset_ + kWindow);
    auto begun = client_.read(object_, keys_, seen_, offset_, window_end_ - 1);
    if (auto* const failure = std::get_if<AttemptFailure>(&begun))
      return std::move(*failure);
    transfer_ = std::get<std::unique_ptr<Transfer>>(std::move(begun));
  }
  auto got = read_window(buffer);
  // The next call asks anew from where this one has ended.
  if (std::holds_alternative<AttemptFailure>(got))
    transfer_.reset();
  return got;
}

std::variant<std::size_t, AttemptFailure> S3Object::read_window(std::span<std::byte> buffer) {
  const std::uint64_t left = window_end_ - offset_;
  if (buffer.size() > left)
    buffer = buffer.first(static_cast<std::size_t>(left));
  auto got = transfer_->read(buffer);
  if (std::holds_alternative<AttemptFailure>(got))
    return got;
  const std::size_t count = std::get<std::size_t>(got);
  if (count == 0)
    return transient_failure("the store's answer ended too soon");
  offset_ += count;
  if (offset_ < window_end_)
    return count;
  // To its end, or the connection could not be used again. What fails here has no bytes in it.
  std::array<std::byte, 1> beyond{};
  static_cast<void>(transfer_->read(beyond));
  transfer_.reset();
  return count;
}

bool S3Object::skip_to(std::uint64_t offset) {
  if (offset > seen_.length)
    return false;
  offset_ = offset;
  transfer_.reset();
  return true;
}

std::optional<std::string> S3Object::identity_when_opened() const {
  return s3_identity(object_, seen_);
}

std::variant<std::string, AttemptFailure> S3Object::identity() {
  if (offset_ != seen_.length)
    return image_failure(ImageResult::changed_while_read,
                         fmt::format("{} of its {} bytes were read", offset_, seen_.length));
  auto looked = client_.look(object_, keys_);
  if (auto* const refused = std::get_if<S3Client::Refused>(&looked)) {
    AttemptFailure& failure = refused->failure;
    if (failure.kind == FailureKind::image && failure.result == ImageResult::missing)
      return image_failure(ImageResult::changed_while_read, "it was removed while it was read");
    return std::move(failure);
  }
  if (std::get<S3Sight>(looked) != seen_)
    return image_failure(ImageResult::changed_while_read,
                         "another object replaced it while it was read");
  return s3_identity(object_, seen_);
}

std::optional<std::string> S3Object::stored_md5() const {
  return seen_.md5.empty() ? std::nullopt : std::optional(seen_.md5);
}

}  // namespace backglance
