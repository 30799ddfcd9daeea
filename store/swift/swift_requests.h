// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/net/transfer.h"
#include "store/swift/swift_config.h"
#include "store/swift/swift_session.h"

namespace backglance {

// One object, and how to get at it.
struct SwiftTarget {
  const SwiftConfig* config = nullptr;  // the store that a location belongs to
  SwiftAccount account;
  SwiftOwner owner = SwiftOwner::configuration;
  // The auth server is not in the configuration: it may be asked only as far as --allow-http goes.
  bool is_foreign = false;
  // Of a multi-tenant location: the account that it is in. Empty: the account's own.
  std::string storage_url;
  std::string container;
  std::string object;
  std::string place;  // SourceOpener::place_of()
};

// Requests for one target. Each has a token, and is repeated once with a new one if Swift refuses
// the token. One thread at a time. What it is given must live longer than this.
class SwiftRequests {
 public:
  SwiftRequests(SwiftTarget target, SwiftSessions& sessions, TransferPool& pool)
      : target_(std::move(target)), sessions_(sessions), pool_(pool) {}

  // `manifest`: the object itself, where `object` would stand for its segments.
  enum class Subject { object, manifest, container, account };
  // HEAD. Every status is an answer, but for 401. `newest`: the newest of all replicas (X-Newest),
  // which costs Swift more.
  enum class Replica { any, newest };
  std::variant<TransferHead, AttemptFailure> head(Subject subject, Replica replica = Replica::any);

  struct Opened {
    std::unique_ptr<Transfer> transfer;
    TransferHead head;
  };
  // GET of the object, if it still has this ETag; an empty one: whatever it has.
  std::variant<Opened, AttemptFailure> get(const std::string& etag,
                                           std::optional<TransferRequest::Range> range);
  // GET of a container's names that begin with `prefix`, as JSON, by the newest replica.
  std::variant<TransferPool::Answer, AttemptFailure> list(const std::string& container,
                                                          const std::string& prefix);

  // What HTTP 401 or 403 says.
  AttemptFailure refusal(int status) const;

  const SwiftTarget& target() const { return target_; }

 private:
  template <typename Answer, typename Send>
  std::variant<Answer, AttemptFailure> with_token(const Send& send);
  std::string url_of(const SwiftSession& session, Subject subject) const;

  SwiftTarget target_;
  SwiftSessions& sessions_;
  TransferPool& pool_;
};

}  // namespace backglance
