// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace backglance {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // by name in lower case
  std::string body;
};

// No answer came, or one that is larger than any that is asked for.
struct NoAnswer {
  std::string reason;  // for a person; holds no header and no body
  bool is_too_large = false;
};

// HTTP and HTTPS by libcurl. Redirects are not followed: they would take a token to somebody else.
// A server's certificate and its name are verified. One thread at a time.
class HttpClient {
 public:
  static constexpr std::size_t kLargestBody = 1 << 20;

  // `authorities`: a PEM file, and nobody else's; empty: the system's.
  explicit HttpClient(std::string authorities);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Within 30 s, or about 3 s from when it first sees a wish to stop.
  std::variant<HttpAnswer, NoAnswer> ask(const HttpRequest& request);

 private:
  struct Free {
    void operator()(void* handle) const;
  };
  std::unique_ptr<void, Free> handle_;
  std::string authorities_;
};

// "http://" or "https://", a host, and no user, query or fragment.
bool is_plain_url(const std::string& url);

}  // namespace backglance
