// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "store/attempt.h"
#include "store/http/http_location.h"
#include "store/net/address_policy.h"
#include "store/net/transfer.h"

namespace backglance {

// Servers that only rows name, and that could not be reached. The operator cannot see to them, so
// none of them is a place that is away, which would end each run with an error; but a server that
// is gone must not keep a stream for two minutes for each of its images. Thread-safe.
class LostServers {
 public:
  // A server is lost after 3 failures in a row, and at least `patience` after the first of them.
  // For `rest` after the last one, it is not asked.
  explicit LostServers(std::chrono::milliseconds patience = std::chrono::seconds(3),
                       std::chrono::milliseconds rest = std::chrono::seconds(30))
      : patience_(patience), rest_(rest) {}

  // After a failure that did not reach the server: transient, for the server may only be starting.
  // If it is lost, the attempts end (AttemptFailure::gives_up).
  AttemptFailure failed(const std::string& server, const AttemptFailure& failure);
  void answered(const std::string& server);
  // The last failure, if the server is not to be asked again now.
  std::optional<AttemptFailure> known(const std::string& server);

 private:
  using Clock = std::chrono::steady_clock;
  struct Server {
    int failures = 0;
    Clock::time_point first;
    Clock::time_point last;
    std::string reason;
  };

  bool is_lost(const Server& server) const;

  std::chrono::milliseconds patience_;
  std::chrono::milliseconds rest_;
  std::mutex mutex_;  // guards servers_
  std::map<std::string, Server> servers_;
};

// Asks servers for http and https locations, and follows their redirects. Thread-safe.
class HttpServers {
 public:
  // A place of the operator's is named by a rule of `policy`.
  explicit HttpServers(std::shared_ptr<const AddressPolicy> policy) : policy_(std::move(policy)) {}

  // An answer that is no redirect.
  struct Answer {
    std::unique_ptr<Transfer> transfer;
    TransferHead head;
  };
  // Sends `request` (without URL and credentials) to the location. As Glance's driver, follows up
  // to 4 redirects with the status 301 or 302 and an absolute URL, and unlike it none from https to
  // http. Each address is judged anew. The credentials of a location go to its own server alone.
  //
  // A failure to reach a server counts as one of the place only if the location itself names it,
  // and a rule does too. `is_opened`: bytes or a length were already got from there.
  std::variant<Answer, AttemptFailure> ask(TransferPool& pool, const HttpLocation& location,
                                           TransferRequest request, bool is_opened);

  const AddressPolicy& policy() const { return *policy_; }
  const std::shared_ptr<const AddressPolicy>& shared_policy() const { return policy_; }

 private:
  AttemptFailure of_stranger(const HttpLocation& location, AttemptFailure failure, bool is_opened);

  std::shared_ptr<const AddressPolicy> policy_;
  LostServers lost_;
};

}  // namespace backglance
