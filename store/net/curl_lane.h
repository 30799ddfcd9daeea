// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace backglance {

// A multi handle with one easy handle: what one transfer at a time runs in. It keeps the
// connections and the TLS sessions of the transfers before. One thread at a time.
struct CurlLane {
  CurlLane();
  ~CurlLane();
  CurlLane(const CurlLane&) = delete;
  CurlLane& operator=(const CurlLane&) = delete;

  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  std::string origin;  // "http://host:80" of the last transfer
  std::chrono::steady_clock::time_point idle_since;
};

// Lanes that wait for the next transfer. libcurl's own shared connection cache is not for several
// threads; so lanes are lent instead of shared. Thread-safe.
class CurlLanes {
 public:
  // One that has a connection to `origin`, if there is one.
  std::unique_ptr<CurlLane> take(const std::string& origin);
  void give(std::unique_ptr<CurlLane> lane);

 private:
  std::mutex mutex_;  // guards idle_
  std::vector<std::unique_ptr<CurlLane>> idle_;
};

}  // namespace backglance
