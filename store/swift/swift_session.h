// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/net/transfer.h"
#include "store/swift/accounts_file.h"
#include "store/swift/swift_config.h"

namespace backglance {

// What a request to Swift needs: a token and the URL of the account.
struct SwiftSession {
  std::string token;        // a secret
  std::string storage_url;  // without '/' at the end
  // URLs on the servers that may see the token: of the account, and of all endpoints of Swift in
  // the catalog.
  std::vector<std::string> servers;
  std::chrono::steady_clock::time_point ends = std::chrono::steady_clock::time_point::max();
};

// Whose account it is. It decides of what a refusal is: of the place, or of one image.
enum class SwiftOwner {
  configuration,  // a reference or the options of a store
  location,       // the credentials are in the location
};

// The request for a token: POST of Keystone's version 3, or GET of version 1. Nothing if the user
// of Keystone is not "project:user", or if the auth URL is none.
std::optional<TransferRequest> session_request(const SwiftAccount& account);

// The session in an answer to session_request(), or why there is none. A refusal of the user, an
// endpoint that is not in the catalog and a strange answer are failures of the place for `owner`
// configuration, and else of the image.
std::variant<SwiftSession, AttemptFailure> read_session(const SwiftAccount& account,
                                                        const SwiftEndpoint& endpoint,
                                                        SwiftOwner owner,
                                                        const TransferPool::Answer& answer);

// Keeps a session for each account, and renews it before its token ends. Thread-safe: of many
// threads that need the same, one asks. The others use the old token as long as Swift takes it.
// Without one they wait, and get what the thread that asks gets, a failure too: twenty streams must
// not wait for twenty timeouts, one after the other.
class SwiftSessions {
 public:
  std::variant<SwiftSession, AttemptFailure> get(const SwiftAccount& account,
                                                 const SwiftEndpoint& endpoint, SwiftOwner owner,
                                                 TransferPool& pool);
  // Call it when Swift has refused a token (HTTP 401): the next get() asks for another, unless some
  // thread has done so already.
  void refuse(const SwiftAccount& account, const SwiftEndpoint& endpoint, const std::string& token);

 private:
  // Held by nobody who waits for a server.
  struct Entry {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::optional<SwiftSession> session;
    // Of the last answer, and for whom: the owner decides of what kind it is.
    std::optional<AttemptFailure> failure;
    SwiftOwner owner = SwiftOwner::configuration;
    bool is_asking = false;
    std::uint64_t answers = 0;
  };
  static std::variant<SwiftSession, AttemptFailure> ask(const SwiftAccount& account,
                                                        const SwiftEndpoint& endpoint,
                                                        SwiftOwner owner, TransferPool& pool);
  std::shared_ptr<Entry> entry(const SwiftAccount& account, const SwiftEndpoint& endpoint);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by a digest of account and endpoint
};

}  // namespace backglance
