// SPDX-License-Identifier: Apache-2.0
#include "store/glance_api/glance_api_object.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotFound = 404;

}  // namespace

std::string new_api_identity() {
  std::array<unsigned char, 16> bytes = {};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(ErrorKind::io, "OpenSSL has no random bytes");
  return network_identity("api", {std::string(bytes.begin(), bytes.end())});
}

GlanceApiObject::GlanceApiObject(GlanceApi& api, std::string image_id, ApiImage image,
                                 bool needs_checksum)
    : api_(api),
      image_id_(std::move(image_id)),
      image_(std::move(image)),
      needs_checksum_(needs_checksum) {}

std::variant<std::size_t, AttemptFailure> GlanceApiObject::read_some(std::span<std::byte> buffer) {
  constexpr std::size_t kDropped = 64 << 10;
  while (!is_at_end_) {
    if (!transfer_) {
      if (auto failure = connect())
        return std::move(*failure);
      continue;
    }
    std::array<std::byte, kDropped> dropped;  // NOLINT(*-member-init): written before it is read
    const bool drops = answered_ < offset_;
    const std::span<std::byte> space =
        drops ? std::span(dropped).first(static_cast<std::size_t>(
                    std::min<std::uint64_t>(offset_ - answered_, dropped.size())))
              : buffer;
    auto got = transfer_->read(space);
    if (auto* const failure = std::get_if<AttemptFailure>(&got)) {
      transfer_.reset();
      return broken(std::move(*failure));
    }
    const std::size_t count = std::get<std::size_t>(got);
    if (count == 0) {
      // It is complete by its Content-Length, which connect() has compared.
      transfer_.reset();
      is_at_end_ = true;
      break;
    }
    answered_ += count;
    if (drops) {
      api_.dropped(count);
    } else {
      offset_ += count;
      return count;
    }
  }
  return std::size_t{0};
}

std::optional<AttemptFailure> GlanceApiObject::connect() {
  auto got = api_.get("/" + image_id_ + "/file");
  if (auto* const failure = std::get_if<AttemptFailure>(&got))
    return std::move(*failure);
  auto& [head, transfer] = std::get<GlanceApi::Answer>(got);
  answered_ = 0;
  if (head.status == kNoContent) {
    // Also what Glance answers for an image of no bytes.
    if (image_.size == 0) {
      is_at_end_ = true;
      return std::nullopt;
    }
    return offset_ > 0 ? changed_failure("the object is gone since it was opened")
                       : image_failure(ImageResult::missing,
                                       "Glance finds no data of it in its store (HTTP 204)");
  }
  if (head.status == kNotFound)
    return changed_failure("the image is gone from Glance since it was opened");
  if (head.status != kOk)
    return api_failure(head);
  // A proxy before Glance may send another length, or none: then nothing would prove the end.
  if (head.length != image_.size)
    return changed_failure("the Glance API sends another length than the image has");
  // Content-MD5 is images.checksum, as this answer knows it.
  const std::string md5 = lower_ascii(head.header("content-md5"));
  if (!md5.empty() && md5 != image_.checksum)
    return changed_failure("the image's checksum in Glance changed since it was opened");
  transfer_ = std::move(transfer);
  return std::nullopt;
}

AttemptFailure GlanceApiObject::broken(AttemptFailure failure) {
  if (failure.kind != FailureKind::transient)
    return failure;
  // Each one costs Glance all bytes before it once more.
  constexpr int kMostBreaks = 5;
  if (offset_ > 0 && image_.checksum.empty())
    return changed_failure(
        "the connection broke, and without a checksum nothing proves that a second answer has the "
        "same bytes");
  // A connection breaks anywhere; an object that is too short ends each time at the same byte.
  if (answered_ == offset_ && broke_at_ == offset_)
    return unreadable_failure(
        fmt::format("Glance's answer ends each time after {} of {} bytes", offset_, image_.size));
  if (answered_ == offset_)
    broke_at_ = offset_;
  if (++breaks_ >= kMostBreaks)
    return unreadable_failure(
        fmt::format("the answer of the Glance API broke off {} times", breaks_));
  return failure;
}

std::variant<std::string, AttemptFailure> GlanceApiObject::identity() {
  auto looked = api_.look_at(image_id_);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked)) {
    if (failure->kind == FailureKind::image)
      return changed_failure("the image is gone from Glance since it was opened");
    return std::move(*failure);
  }
  if (std::get<ApiImage>(looked) != image_)
    return changed_failure("the image was changed in Glance while it was read");
  return new_api_identity();
}

}  // namespace backglance
