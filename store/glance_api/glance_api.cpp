// SPDX-License-Identifier: Apache-2.0
#include "store/glance_api/glance_api.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "openstack/http.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
// A catalog of many services is long, and an image may have many properties.
constexpr std::size_t kLongestAnswer = 4 << 20;

// "v2", "v2.0": a catalog may have the version in the endpoint or not.
bool is_version(std::string_view part) {
  return part.size() >= 2 && part[0] == 'v' && std::isdigit(static_cast<unsigned char>(part[1])) &&
         part.find_first_not_of("0123456789.", 1) == std::string_view::npos;
}

}  // namespace

std::string glance_images_url(std::string endpoint) {
  if (!is_plain_url(endpoint))
    return {};
  const auto strip = [&] {
    while (endpoint.ends_with('/'))
      endpoint.pop_back();
  };
  strip();
  const auto slash = endpoint.rfind('/');
  const bool is_of_path = slash >= endpoint.find("://") + 3;
  if (is_of_path && is_version(std::string_view(endpoint).substr(slash + 1))) {
    endpoint.resize(slash);
    strip();
  }
  return endpoint + "/v2/images";
}

std::variant<ApiImage, AttemptFailure> read_api_image(std::string_view body) {
  const json image = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!image.is_object() || text_member(image, "id").empty())
    return unreadable_failure("the Glance API's answer does not describe an image");
  const auto size = image.find("size");
  if (size == image.end() || !size->is_number_unsigned())
    return unreadable_failure("Glance has no size of it, so the Glance API cannot send it");
  return ApiImage{size->get<std::uint64_t>(), lower_ascii(text_member(image, "checksum")),
                  text_member(image, "status")};
}

AttemptFailure api_failure(const TransferHead& head) {
  switch (head.status) {
    case kForbidden:
      return unreadable_failure(
          "the Glance API does not let this user download it (HTTP 403): use a user with the role "
          "admin");
    case kNotFound:
      return unreadable_failure(
          "the Glance API does not show it to this user (HTTP 404): use a user with the role "
          "admin, "
          "and the API of this database");
    case 400:
      return unreadable_failure("Glance cannot read from the store that has it (HTTP 400)");
    default:
      break;
  }
  AttemptFailure failure = status_failure(head, "it");
  failure.reason = failure.kind == FailureKind::transient
                       ? fmt::format("the Glance API answers HTTP {} now", head.status)
                       : fmt::format("the Glance API does not send it (HTTP {})", head.status);
  if (failure.kind == FailureKind::image)
    failure.result = ImageResult::unreadable;
  return failure;
}

std::variant<GlanceApi::Session, AttemptFailure> GlanceApi::fetch() {
  if (!access_.has_password()) {
    // A token of the environment cannot be renewed here, so its end is not watched.
    Session session{access_.token, glance_images_url(access_.image_endpoint),
                    Clock::time_point::max()};
    return session;
  }
  auto asked =
      pool_.ask({.method = "POST",
                 .url = keystone_tokens_url(access_.auth_url),
                 .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                 .body = password_token_request(access_)},
                kLongestAnswer);
  if (auto* const failure = std::get_if<AttemptFailure>(&asked)) {
    failure->reason = "Keystone: " + failure->reason;
    return std::move(*failure);
  }
  const auto& [head, body, is_cut] = std::get<TransferPool::Answer>(asked);
  if (head.status == kUnauthorized || head.status == kForbidden)
    return place_failure(fmt::format(
        "Keystone refuses the user, the password or the project (HTTP {})", head.status));
  if (head.status != kCreated) {
    AttemptFailure failure = status_failure(head, "a token");
    const std::string reason = fmt::format("Keystone issues no token (HTTP {})", head.status);
    if (failure.kind != FailureKind::transient)
      return place_failure(reason + ": check auth_url");
    failure.reason = reason;
    return failure;
  }
  auto token = read_keystone_token(head.header("x-subject-token"), body);
  if (!token || is_cut)
    return place_failure("Keystone answers without a token: check auth_url");
  const std::string endpoint =
      access_.image_endpoint.empty()
          ? token->endpoint("image", access_.interface, access_.region_name)
          : access_.image_endpoint;
  if (endpoint.empty())
    return place_failure(
        fmt::format("Keystone's catalog has no endpoint of type image, interface {}, region {}: "
                    "see OS_INTERFACE and OS_REGION_NAME",
                    printable(access_.interface, 40),
                    access_.region_name.empty() ? "(any)" : printable(access_.region_name, 40)));
  Session session{std::move(token->token), glance_images_url(endpoint), Clock::time_point::max()};
  if (session.images_url.empty())
    return place_failure("the image endpoint in Keystone's catalog is no http or https URL");
  if (token->life)
    session.ends = Clock::now() + *token->life;
  return session;
}

std::variant<GlanceApi::Session, AttemptFailure> GlanceApi::session() {
  // A download that has begun goes on after the end of its token.
  constexpr std::chrono::seconds kRenewBefore{30};
  const std::lock_guard lock(mutex_);
  if (session_ && session_->ends - Clock::now() > kRenewBefore)
    return *session_;
  auto fetched = fetch();
  if (const auto* const session = std::get_if<Session>(&fetched))
    session_ = *session;
  return fetched;
}

void GlanceApi::refuse(const std::string& token) {
  const std::lock_guard lock(mutex_);
  // Some other thread may have fetched a new one already.
  if (session_ && session_->token == token)
    session_.reset();
}

std::variant<GlanceApi::Answer, AttemptFailure> GlanceApi::get(const std::string& path) {
  for (bool is_renewed = false;; is_renewed = true) {
    auto got = session();
    if (auto* const failure = std::get_if<AttemptFailure>(&got))
      return std::move(*failure);
    const auto& [token, images_url, ends] = std::get<Session>(got);
    Answer answer;
    answer.transfer = pool_.begin({.url = images_url + path, .headers = {{"X-Auth-Token", token}}});
    auto head = answer.transfer->head();
    if (auto* const failure = std::get_if<AttemptFailure>(&head))
      return std::move(*failure);
    answer.head = std::get<TransferHead>(std::move(head));
    if (answer.head.status != kUnauthorized)
      return answer;
    if (is_renewed || !access_.has_password())
      return place_failure(
          "the Glance API refuses the token (HTTP 401): check the user and the project, or "
          "OS_TOKEN");
    // Revoked, or it ended while this host slept.
    refuse(token);
  }
}

std::variant<std::string, AttemptFailure> GlanceApi::body_of(Answer& answer) {
  std::string body;
  std::array<std::byte, 16 << 10> part;  // NOLINT(*-member-init): written before it is read
  for (;;) {
    auto got = answer.transfer->read(part);
    if (auto* const failure = std::get_if<AttemptFailure>(&got))
      return std::move(*failure);
    const std::size_t count = std::get<std::size_t>(got);
    if (count == 0)
      return body;
    body.append(reinterpret_cast<const char*>(part.data()), count);
    if (body.size() > kLongestAnswer)
      return unreadable_failure("the Glance API's answer is too long");
  }
}

std::variant<ApiImage, AttemptFailure> GlanceApi::look_at(const std::string& image_id) {
  auto got = get("/" + image_id);
  if (auto* const failure = std::get_if<AttemptFailure>(&got))
    return std::move(*failure);
  auto& answer = std::get<Answer>(got);
  if (answer.head.status != kOk)
    return api_failure(answer.head);
  auto body = body_of(answer);
  if (auto* const failure = std::get_if<AttemptFailure>(&body))
    return std::move(*failure);
  return read_api_image(std::get<std::string>(body));
}

std::optional<AttemptFailure> GlanceApi::check() {
  auto got = get("?limit=1");
  if (auto* const failure = std::get_if<AttemptFailure>(&got))
    return std::move(*failure);
  auto& answer = std::get<Answer>(got);
  const int status = answer.head.status;
  if (status == kOk) {
    auto body = body_of(answer);
    if (auto* const failure = std::get_if<AttemptFailure>(&body))
      return std::move(*failure);
    const json list = json::parse(std::get<std::string>(body), nullptr, /*allow_exceptions=*/false);
    if (list.is_object() && list.contains("images"))
      return std::nullopt;
  }
  AttemptFailure failure = status_failure(answer.head, "its images");
  if (failure.kind == FailureKind::transient)
    return api_failure(answer.head);
  return place_failure(
      fmt::format("the image endpoint does not list images (HTTP {}): check Keystone's catalog, or "
                  "OS_IMAGE_ENDPOINT_OVERRIDE",
                  status));
}

}  // namespace backglance
