// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "openstack/cloud.h"
#include "openstack/keystone_token.h"
#include "store/attempt.h"
#include "store/net/transfer.h"

namespace backglance {

// The URL of Glance's images, without '/' at the end, for an endpoint in a catalog: that is with or
// without a version, and has a path if Glance is behind a proxy. Empty if the endpoint is no http
// or https URL.
std::string glance_images_url(std::string endpoint);

// What the API says of an image: GET /v2/images/{id}, without its bytes.
struct ApiImage {
  std::uint64_t size = 0;
  std::string checksum;  // MD5 in lower case; empty: Glance has none
  std::string status;    // "active", "deactivated", ...

  bool operator==(const ApiImage&) const = default;
};

// Reads the body of a 200. unreadable if it is not of an image, or if Glance has no size of it:
// then the API cannot send it, because it would need the size for Content-Length
// (glance/api/v2/image_data.py, ResponseSerializer.download).
std::variant<ApiImage, AttemptFailure> read_api_image(std::string_view body);

// What a status that is no success says. Only the API itself knows why it shows an image to one
// user and not to another: neither 403 nor 404 says that an image is gone, for its row is in the
// database.
AttemptFailure api_failure(const TransferHead& head);

// Requests to one Glance API, with a token that is fetched when it is first needed, before it ends,
// and once more when the API refuses it. The password goes to Keystone, and the token to the
// endpoint of its catalog, and to no other host. Thread-safe.
class GlanceApi {
 public:
  // `access` is complete. `pool` must live longer than this.
  GlanceApi(CloudAccess access, TransferPool& pool) : access_(std::move(access)), pool_(pool) {}

  // As TransferPool::dropped().
  void dropped(std::uint64_t bytes) const { pool_.dropped(bytes); }

  struct Answer {
    TransferHead head;
    std::unique_ptr<Transfer> transfer;
  };
  // GET; `path` follows the URL of the images: "/ID/file". Whatever status there is but 401, which
  // is a failure of the place.
  std::variant<Answer, AttemptFailure> get(const std::string& path);
  // What the API says of this image now.
  std::variant<ApiImage, AttemptFailure> look_at(const std::string& image_id);
  // Whether the API answers this user at all.
  std::optional<AttemptFailure> check();

 private:
  struct Session {
    std::string token;  // a secret
    std::string images_url;
    std::chrono::steady_clock::time_point ends;  // of the token
  };
  // Threads that need a token wait for the one that fetches it.
  std::variant<Session, AttemptFailure> session();
  // The API has refused this token.
  void refuse(const std::string& token);
  std::variant<Session, AttemptFailure> fetch();
  std::variant<std::string, AttemptFailure> body_of(Answer& answer);

  const CloudAccess access_;
  TransferPool& pool_;
  std::mutex mutex_;  // guards session_
  std::optional<Session> session_;
};

}  // namespace backglance
