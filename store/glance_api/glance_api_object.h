// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "store/attempt.h"
#include "store/glance_api/glance_api.h"
#include "store/net/transfer.h"

namespace backglance {

// An image as GET /v2/images/{id}/file sends it. One request for all bytes: for most stores Glance
// has no ranges (glance_store/capabilities.py), so an answer that breaks off is sent again from the
// first byte, and what was read already is dropped. Only the checksum shows that both answers were
// the same bytes; without one, the read ends as changed_while_read.
//
// Glance sends images.size as Content-Length, whatever the store holds: a longer object is cut
// there without a sign, and a shorter one breaks off.
class GlanceApiObject : public Object {
 public:
  // `image` is what `api` says of it now. `api` must live longer than this. `needs_checksum`: as
  // Source::needs_checksum().
  GlanceApiObject(GlanceApi& api, std::string image_id, ApiImage image, bool needs_checksum);

  std::optional<std::uint64_t> length() const override { return image_.size; }
  // missing if Glance finds nothing in its store (HTTP 204).
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override;
  bool skip_to(std::uint64_t) override { return false; }
  std::optional<std::string> identity_when_opened() const override { return std::nullopt; }
  // changed_while_read if the API describes the image otherwise than before the first byte.
  std::variant<std::string, AttemptFailure> identity() override;
  bool needs_checksum() const override { return needs_checksum_; }

 private:
  // Sends the GET. Sets transfer_, or is_at_end_ of an empty image.
  std::optional<AttemptFailure> connect();
  // What an answer that broke off means.
  AttemptFailure broken(AttemptFailure failure);

  GlanceApi& api_;
  std::string image_id_;
  ApiImage image_;
  bool needs_checksum_;

  std::unique_ptr<Transfer> transfer_;
  std::uint64_t offset_ = 0;    // bytes that were returned
  std::uint64_t answered_ = 0;  // bytes of this transfer; those before offset_ are dropped
  std::optional<std::uint64_t> broke_at_;
  int breaks_ = 0;
  bool is_at_end_ = false;
};

// "api:<64 digits>": an identity that is the same as no other. Nothing tells which bytes the API
// would send at another time.
std::string new_api_identity();

}  // namespace backglance
