// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "store/attempt.h"
#include "store/s3/s3_client.h"

namespace backglance {

// "s3:<digest>" of bucket, key, version, ETag, length and Last-Modified. Not of the server's name:
// two hosts may know one store by two names.
std::string s3_identity(const S3Location& object, const S3Sight& seen);

// One object, read in windows of kWindow bytes: each is a request of its own, with the ETag of the
// object that was opened as a condition, so that no window is of another object. With versions,
// each asks for the version that was opened.
class S3Object : public Object {
 public:
  // A multiple of the 8 MiB that most clients store as one part. Large enough that the time of a
  // request is small beside it, and small enough that a server need not hold a request for hours.
  static constexpr std::uint64_t kWindow = 64ULL << 20;

  // `client` must live longer than this. `keys`: those with which it was seen.
  S3Object(S3Client& client, S3Location object, S3Keys keys, S3Sight seen);

  std::optional<std::uint64_t> length() const override { return seen_.length; }
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override;
  bool skip_to(std::uint64_t offset) override;
  std::optional<std::string> identity_when_opened() const override;
  // Looks once more at what the location names now. So a new version of the object is a change too,
  // although the bytes that were read are those of one version.
  std::variant<std::string, AttemptFailure> identity() override;
  std::optional<std::string> stored_md5() const override;

 private:
  std::variant<std::size_t, AttemptFailure> read_window(std::span<std::byte> buffer);

  S3Client& client_;
  S3Location object_;
  S3Keys keys_;
  S3Sight seen_;
  std::uint64_t offset_ = 0;            // of the next byte
  std::unique_ptr<Transfer> transfer_;  // null between windows
  std::uint64_t window_end_ = 0;        // of transfer_: the first byte that is not in it
};

}  // namespace backglance
