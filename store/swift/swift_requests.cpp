// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/swift/swift_location.h"

namespace backglance {
namespace {

// 10,000 names of a listing, which is the most that Swift sends, with what it says of each.
constexpr std::size_t kLongestListing = 16 << 20;

// If-Match takes an ETag in quotes; Swift sends that of a plain object without them.
std::string quoted(const std::string& etag) {
  return etag.starts_with('"') ? etag : fmt::format("\"{}\"", etag);
}

}  // namespace

// `send` makes one request with the session, and returns its answer and status.
template <typename Answer, typename Send>
std::variant<Answer, AttemptFailure> SwiftRequests::with_token(const Send& send) {
  for (bool is_first = true;; is_first = false) {
    auto found = sessions_.get(target_.account, target_.config->endpoint, target_.owner, pool_);
    if (auto* const failure = std::get_if<AttemptFailure>(&found))
      return std::move(*failure);
    const SwiftSession& session = std::get<SwiftSession>(found);
    // A location may name any server: the operator's token must not get there.
    if (!target_.storage_url.empty()) {
      const auto there = parse_swift_url(target_.storage_url);
      if (std::ranges::none_of(session.servers, [&](const std::string& url) {
            const auto known = parse_swift_url(url);
            return there && known && known->is_same_server(*there);
          }))
        return image_failure(ImageResult::unreadable,
                             "the location names a storage server that is neither in Keystone's "
                             "catalog nor swift_store_endpoint; no token was sent to it");
    }
    auto sent = send(session);
    if (auto* const failure = std::get_if<AttemptFailure>(&sent))
      return std::move(*failure);
    Answer& answer = std::get<Answer>(sent);
    int status = 0;
    if constexpr (std::is_same_v<Answer, TransferHead>)
      status = answer.status;
    else
      status = answer.head.status;
    if (status != 401)
      return std::move(answer);
    // Tokens end early if a password is changed, or if the server's memory of them is lost.
    sessions_.refuse(target_.account, target_.config->endpoint, session.token);
    if (!is_first)
      return refusal(status);
  }
}

std::string SwiftRequests::url_of(const SwiftSession& session, Subject subject) const {
  std::string url = target_.storage_url.empty() ? session.storage_url : target_.storage_url;
  if (subject != Subject::account)
    url += "/" + quote_swift_name(target_.container);
  if (subject == Subject::object || subject == Subject::manifest)
    url += "/" + quote_swift_name(target_.object);
  if (subject == Subject::manifest)
    url += "?multipart-manifest=get";
  return url;
}

std::variant<TransferHead, AttemptFailure> SwiftRequests::head(Subject subject, Replica replica) {
  return with_token<TransferHead>(
      [&](const SwiftSession& session) -> std::variant<TransferHead, AttemptFailure> {
        TransferRequest request{.method = "HEAD", .url = url_of(session, subject)};
        request.headers = {{"X-Auth-Token", session.token}};
        if (replica == Replica::newest)
          request.headers.emplace_back("X-Newest", "true");
        auto answer = pool_.ask(std::move(request));
        if (auto* const failure = std::get_if<AttemptFailure>(&answer))
          return std::move(*failure);
        return std::move(std::get<TransferPool::Answer>(answer).head);
      });
}

std::variant<SwiftRequests::Opened, AttemptFailure> SwiftRequests::get(
    const std::string& etag, std::optional<TransferRequest::Range> range) {
  return with_token<Opened>(
      [&](const SwiftSession& session) -> std::variant<Opened, AttemptFailure> {
        TransferRequest request{.url = url_of(session, Subject::object)};
        request.headers = {{"X-Auth-Token", session.token}};
        if (!etag.empty())
          request.headers.emplace_back("If-Match", quoted(etag));
        request.range = range;
        auto transfer = pool_.begin(std::move(request));
        auto head = transfer->head();
        if (auto* const failure = std::get_if<AttemptFailure>(&head))
          return std::move(*failure);
        return Opened{std::move(transfer), std::get<TransferHead>(std::move(head))};
      });
}

std::variant<TransferPool::Answer, AttemptFailure> SwiftRequests::list(const std::string& container,
                                                                       const std::string& prefix) {
  return with_token<TransferPool::Answer>([&](const SwiftSession& session) {
    std::string quoted_prefix = quote_swift_name(prefix);
    TransferRequest request;
    request.url = fmt::format("{}/{}?format=json&prefix={}", url_of(session, Subject::account),
                              quote_swift_name(container), quoted_prefix);
    request.headers = {{"X-Auth-Token", session.token}, {"X-Newest", "true"}};
    return pool_.ask(std::move(request), kLongestListing);
  });
}

AttemptFailure SwiftRequests::refusal(int status) const {
  if (!target_.storage_url.empty())
    return image_failure(
        ImageResult::unreadable,
        fmt::format("Swift lets the configured user not read the account in the location (HTTP "
                    "{}): give it the role ResellerAdmin, or a read ACL of the container",
                    status));
  if (target_.owner == SwiftOwner::location)
    return image_failure(ImageResult::unreadable,
                         fmt::format("Swift refuses the user in the location (HTTP {})", status));
  return place_failure(fmt::format(
      "Swift refuses the configured user (HTTP {}): give it a role of the project, or a read ACL "
      "of the container",
      status));
}

}  // namespace backglance
