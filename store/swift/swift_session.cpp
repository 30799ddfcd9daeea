// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_session.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.h"
#include "openstack/keystone_token.h"
#include "store/swift/swift_location.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;

// A catalog of many services is long.
constexpr std::size_t kLongestAnswer = 1 << 20;

AttemptFailure failure_of(SwiftOwner owner, std::string reason) {
  if (owner == SwiftOwner::configuration)
    return place_failure(std::move(reason));
  return image_failure(ImageResult::unreadable, std::move(reason));
}

std::string_view whose(SwiftOwner owner) {
  return owner == SwiftOwner::configuration ? "the configured user" : "the user in the location";
}

// Version 1: X-Auth-Token-Expires of tempauth, in seconds.
std::optional<std::chrono::seconds> seconds_of(const std::string& text) {
  long long seconds = 0;
  const auto [used, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || used != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return std::chrono::seconds(std::min(seconds, 366LL * 86400));
}

}  // namespace

std::optional<TransferRequest> session_request(const SwiftAccount& account) {
  if (!parse_swift_url(account.auth_url))
    return std::nullopt;
  TransferRequest request;
  if (account.is_version_1()) {
    // With a '/' at the end, as Glance asks.
    request.url = account.auth_url + "/";
    request.headers = {{"X-Auth-User", account.user}, {"X-Auth-Key", account.key}};
    return request;
  }
  request.method = "POST";
  request.url = keystone_tokens_url(account.auth_url);
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!account.application_credential_id.empty()) {
    request.body = application_credential_request(account.application_credential_id,
                                                  account.application_credential_secret);
    return request;
  }
  const auto colon = account.user.find(':');
  if (colon == std::string::npos || account.user.find(':', colon + 1) != std::string::npos)
    return std::nullopt;
  CloudAccess access;
  access.project_name = account.user.substr(0, colon);
  access.user_name = account.user.substr(colon + 1);
  access.password = account.key;
  access.user_domain_id = account.user_domain_id;
  access.user_domain_name = account.user_domain_name;
  access.project_domain_id = account.project_domain_id;
  access.project_domain_name = account.project_domain_name;
  request.body = password_token_request(access);
  return request;
}

std::variant<SwiftSession, AttemptFailure> read_session(const SwiftAccount& account,
                                                        const SwiftEndpoint& endpoint,
                                                        SwiftOwner owner,
                                                        const TransferPool::Answer& answer) {
  const TransferHead& head = answer.head;
  const std::string_view server = account.is_version_1() ? "Swift's auth server" : "Keystone";
  if (head.status == 401 || head.status == 403)
    return failure_of(owner,
                      fmt::format("{} refuses {} (HTTP {})", server, whose(owner), head.status));
  if (head.status / 100 != 2) {
    AttemptFailure failure = status_failure(head, server);
    if (failure.kind == FailureKind::transient) {
      failure.reason = fmt::format("{} gives no token now (HTTP {})", server, head.status);
      return failure;
    }
    return failure_of(owner, fmt::format("{} gives no token (HTTP {}): check the auth address",
                                         server, head.status));
  }
  SwiftSession session;
  std::optional<std::chrono::seconds> life;
  if (account.is_version_1()) {
    session.token = head.header("x-storage-token");
    if (session.token.empty())
      session.token = head.header("x-auth-token");
    session.storage_url = head.header("x-storage-url");
    life = seconds_of(head.header("x-auth-token-expires"));
  } else if (auto token = read_keystone_token(head.header("x-subject-token"), answer.body)) {
    session.token = std::move(token->token);
    session.storage_url =
        token->endpoint(endpoint.service_type, endpoint.interface, endpoint.region);
    life = token->life;
    for (CatalogEndpoint& one : token->catalog)
      if (one.service_type == endpoint.service_type)
        session.servers.push_back(std::move(one.url));
    if (session.storage_url.empty() && endpoint.url.empty())
      return failure_of(
          owner,
          fmt::format("Keystone's catalog has no endpoint of type {}, interface {}, region "
                      "{}: see swift_store_service_type, swift_store_endpoint_type and "
                      "swift_store_region",
                      printable(endpoint.service_type, 40), printable(endpoint.interface, 40),
                      endpoint.region.empty() ? "(any)" : printable(endpoint.region, 40)));
  }
  if (!endpoint.url.empty())
    session.storage_url = endpoint.url;
  while (session.storage_url.ends_with('/'))
    session.storage_url.pop_back();
  if (session.token.empty() || !parse_swift_url(session.storage_url))
    return failure_of(owner, fmt::format("{} answered without a token or without the URL of the "
                                         "account: check the auth address and its version",
                                         server));
  session.servers.push_back(session.storage_url);
  if (life)
    session.ends = Clock::now() + *life;
  return session;
}

std::variant<SwiftSession, AttemptFailure> SwiftSessions::get(const SwiftAccount& account,
                                                              const SwiftEndpoint& endpoint,
                                                              SwiftOwner owner,
                                                              TransferPool& pool) {
  // A request that begins with a token which ends on its way would only be refused.
  constexpr std::chrono::seconds kShortest{5};
  const auto kept = entry(account, endpoint);
  std::unique_lock lock(kept->mutex);
  const auto lasts = [&](std::chrono::seconds time) {
    return kept->session && kept->session->ends - Clock::now() >= time;
  };
  for (;;) {
    if (lasts(endpoint.renew_before) || (kept->is_asking && lasts(kShortest)))
      return *kept->session;
    if (!kept->is_asking)
      break;
    const std::uint64_t seen = kept->answers;
    kept->changed.wait(lock, [&] { return kept->answers != seen; });
    if (kept->failure && kept->owner == owner)
      return *kept->failure;
    if (!kept->failure && kept->session)
      return *kept->session;
  }
  kept->is_asking = true;
  kept->owner = owner;
  lock.unlock();
  std::variant<SwiftSession, AttemptFailure> answer =
      transient_failure("no token could be asked for");
  // Whatever ends this call, an exception too: nobody may wait for it for ever.
  const auto answered = [&] {
    lock.lock();
    kept->is_asking = false;
    ++kept->answers;
    kept->failure.reset();
    if (const auto* const made = std::get_if<SwiftSession>(&answer))
      kept->session = *made;
    else
      kept->failure = std::get<AttemptFailure>(answer);
    kept->changed.notify_all();
    lock.unlock();
  };
  try {
    answer = ask(account, endpoint, owner, pool);
  } catch (...) {
    answered();
    throw;
  }
  answered();
  return answer;
}

std::variant<SwiftSession, AttemptFailure> SwiftSessions::ask(const SwiftAccount& account,
                                                              const SwiftEndpoint& endpoint,
                                                              SwiftOwner owner,
                                                              TransferPool& pool) {
  auto request = session_request(account);
  if (!request)
    return failure_of(owner, fmt::format("the auth address or {} is not valid: Keystone needs "
                                         "project:user",
                                         whose(owner)));
  auto answer = pool.ask(std::move(*request), kLongestAnswer);
  if (auto* const failure = std::get_if<AttemptFailure>(&answer))
    return std::move(*failure);
  return read_session(account, endpoint, owner, std::get<TransferPool::Answer>(answer));
}

void SwiftSessions::refuse(const SwiftAccount& account, const SwiftEndpoint& endpoint,
                           const std::string& token) {
  const auto kept = entry(account, endpoint);
  const std::lock_guard lock(kept->mutex);
  // Another thread may have fetched a new one already.
  if (kept->session && kept->session->token == token)
    kept->session.reset();
}

std::shared_ptr<SwiftSessions::Entry> SwiftSessions::entry(const SwiftAccount& account,
                                                           const SwiftEndpoint& endpoint) {
  // A digest, so that no second copy of the secrets is kept.
  const std::string key = network_identity(
      "session", {account.auth_url, account.auth_version, account.user, account.key,
                  account.application_credential_id, account.application_credential_secret,
                  account.user_domain_id, account.user_domain_name, account.project_domain_id,
                  account.project_domain_name, endpoint.service_type, endpoint.interface,
                  endpoint.region, endpoint.url});
  const std::lock_guard lock(mutex_);
  auto& found = entries_[key];
  if (!found)
    found = std::make_shared<Entry>();
  return found;
}

}  // namespace backglance
