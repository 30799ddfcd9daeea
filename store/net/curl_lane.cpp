// SPDX-License-Identifier: Apache-2.0
#include "store/net/curl_lane.h"

#include <iterator>
#include <utility>

#include "base/error.h"

namespace backglance {
namespace {

// For connections that nobody uses. More lanes than this are in use at a time only with more
// streams, and then the rest is closed when it becomes idle.
constexpr std::size_t kMostIdle = 16;
constexpr long kConnectionsPerLane = 2;
// A server or a firewall between closes what is idle for long.
constexpr std::chrono::seconds kLongestIdle{60};

}  // namespace

CurlLane::CurlLane() {
  // Once per process: libcurl cannot be initialised by two threads at a time.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) {
    multi = curl_multi_init();
    easy = curl_easy_init();
  }
  if (multi == nullptr || easy == nullptr)
    throw Error(ErrorKind::io, "libcurl cannot be used");
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kConnectionsPerLane);
}

CurlLane::~CurlLane() {
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

std::unique_ptr<CurlLane> CurlLanes::take(const std::string& origin) {
  std::vector<std::unique_ptr<CurlLane>> old;  // closed after the lock
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  // The oldest come first.
  while (!idle_.empty() && now - idle_.front()->idle_since > kLongestIdle) {
    old.push_back(std::move(idle_.front()));
    idle_.erase(idle_.begin());
  }
  for (auto lane = idle_.rbegin(); lane != idle_.rend(); ++lane)
    if ((*lane)->origin == origin) {
      auto found = std::move(*lane);
      idle_.erase(std::next(lane).base());
      return found;
    }
  auto made = std::make_unique<CurlLane>();
  made->origin = origin;
  return made;
}

void CurlLanes::give(std::unique_ptr<CurlLane> lane) {
  std::unique_ptr<CurlLane> old;
  const std::lock_guard lock(mutex_);
  lane->idle_since = std::chrono::steady_clock::now();
  idle_.push_back(std::move(lane));
  if (idle_.size() > kMostIdle) {
    old = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
}

}  // namespace backglance
