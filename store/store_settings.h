// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/stop.h"
#include "glance/site.h"

namespace backglance {

// A store makes this run wait.
struct StoreWait {
  std::string place;   // SourceOpener::place_of()
  std::string reason;  // one sentence without secrets
  std::chrono::milliseconds time{};
  bool is_overloaded = false;  // the store asks for fewer requests
};

// What a store asks of the run that reads from it. Set them before a thread reads; they are called
// by any thread.
struct StoreHooks {
  std::function<bool()> should_stop = stop_requested;
  // Before and after each wait, by the thread that waits. Two threads may wait for one place.
  std::function<void(const StoreWait&)> waiting = [](const StoreWait&) {};
  std::function<void(const StoreWait&)> waited = [](const StoreWait&) {};
  // So many bytes were received and dropped: a server has sent again what was read before a
  // connection broke. May wait, as for other bytes.
  std::function<void(std::uint64_t)> dropped = [](std::uint64_t) {};
};

// What the operator decides about stores, beyond Glance's configuration.
struct StoreSettings {
  // --allow-http: hosts from which http:// and https:// locations may be read; none: these
  // locations are not read. See store/net/address_policy.h.
  std::vector<std::string> allow_http = {};
  // --through-api, --through-api-unverified. See store/glance_api/glance_api_store.h.
  ThroughApi through_api = ThroughApi::off;
};

// Throws Error{usage} for a text that is no rule.
void require_http_rules(const std::vector<std::string>& rules);

}  // namespace backglance
