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

// There was no answer, or it was larger than kLargestBody.
struct NoAnswer {
  std::string reason;  // for a person; contains no header and no body
  bool is_too_large = false;
};

// HTTP and HTTPS with libcurl. Redirects are not followed, because they could send a token to
// another server. The server's certificate and its name are always verified. One thread at a time.
class HttpClient {
 public:
  static constexpr std::size_t kLargestBody = 1 << 20;

  // `authorities`: a PEM file with the only accepted authorities; empty: the system's.
  explicit HttpClient(std::string authorities);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Returns within 30 s, or about 3 s after it notices a request to stop.
  std::variant<HttpAnswer, NoAnswer> ask(const HttpRequest& request);

 private:
  struct Free {
    void operator()(void* handle) const;
  };
  std::unique_ptr<void, Free> handle_;
  std::string authorities_;
};

// True for "http://" or "https://" with a host and without user, query and fragment.
bool is_plain_url(const std::string& url);

}  // namespace backglance
