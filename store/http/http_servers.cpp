// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_servers.h"

#include <utility>

namespace backglance {
namespace {

// As Glance's MAX_REDIRECTS, which counts requests.
constexpr int kMostRequests = 5;
// A rate of strangers' names that no site has; then it begins anew.
constexpr std::size_t kMostServers = 1000;
constexpr int kTries = 3;

bool is_redirect(int status) {
  return status == 301 || status == 302;
}

AttemptFailure put_off(std::string reason) {
  AttemptFailure failure = transient_failure(std::move(reason));
  failure.gives_up = true;
  return failure;
}

}  // namespace

bool LostServers::is_lost(const Server& server) const {
  return server.failures >= kTries && server.last - server.first >= patience_;
}

AttemptFailure LostServers::failed(const std::string& server, const AttemptFailure& failure) {
  const std::lock_guard lock(mutex_);
  if (servers_.size() >= kMostServers && !servers_.contains(server))
    servers_.clear();
  Server& one = servers_[server];
  one.last = Clock::now();
  if (one.failures++ == 0)
    one.first = one.last;
  one.reason = failure.reason;
  return is_lost(one) ? put_off(failure.reason) : transient_failure(failure.reason);
}

void LostServers::answered(const std::string& server) {
  const std::lock_guard lock(mutex_);
  servers_.erase(server);
}

std::optional<AttemptFailure> LostServers::known(const std::string& server) {
  const std::lock_guard lock(mutex_);
  const auto found = servers_.find(server);
  if (found == servers_.end() || !is_lost(found->second))
    return std::nullopt;
  if (Clock::now() - found->second.last >= rest_) {
    servers_.erase(found);
    return std::nullopt;
  }
  return put_off(found->second.reason);
}

AttemptFailure HttpServers::of_stranger(const HttpLocation& location, AttemptFailure failure,
                                        bool is_opened) {
  if (failure.is_unreached) {
    failure.is_unreached = false;
    return is_opened ? failure : lost_.failed(location.server(), failure);
  }
  // A certificate that does not verify: nobody here can see to that.
  if (failure.kind == FailureKind::place)
    return unreadable_failure(std::move(failure.reason));
  return failure;
}

std::variant<HttpServers::Answer, AttemptFailure> HttpServers::ask(TransferPool& pool,
                                                                   const HttpLocation& location,
                                                                   TransferRequest request,
                                                                   bool is_opened) {
  HttpLocation at = location;
  for (int requests = 1;; ++requests) {
    // The place is the server of the location. The target of a redirect is a stranger: that server
    // chose it, so its failures say nothing about the place.
    const bool is_known = requests == 1 && policy_->names(at.host, at.port);
    if (!is_known && !is_opened)
      if (auto known = lost_.known(at.server()))
        return std::move(*known);
    request.url = at.url();
    request.user = at.user;
    request.password = at.password;
    Answer answer{pool.begin(request), {}};
    auto head = answer.transfer->head();
    if (auto* const failure = std::get_if<AttemptFailure>(&head)) {
      if (is_known)
        return std::move(*failure);
      return of_stranger(at, std::move(*failure), is_opened);
    }
    lost_.answered(at.server());
    answer.head = std::get<TransferHead>(std::move(head));
    if (!is_redirect(answer.head.status))
      return answer;
    if (requests == kMostRequests)
      return unreadable_failure("the server redirects more than 4 times");
    const auto next = parse_http_location(answer.head.header("location"));
    if (!next)
      return unreadable_failure("the server redirects to what is no absolute http or https URL");
    if (at.is_tls && !next->is_tls)
      return unreadable_failure("the server redirects from https to http");
    at = *next;
  }
}

}  // namespace backglance
