// SPDX-License-Identifier: Apache-2.0
#include "store/net/curl_request.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace backglance {
namespace {

constexpr long kReceiveBytes = 256L << 10;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

}  // namespace

std::string CurlTarget::origin() const {
  return fmt::format("{}://{}:{}", scheme, host, port);
}

std::optional<CurlTarget> curl_target(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  const auto part = [&](CURLUPart which, unsigned int flags) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, flags) != CURLUE_OK)
      return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  CurlTarget target{part(CURLUPART_SCHEME, 0), part(CURLUPART_HOST, 0), 0};
  if (target.host.starts_with('[') && target.host.ends_with(']'))
    target.host = target.host.substr(1, target.host.size() - 2);
  const std::string port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), target.port);
  if ((target.scheme != "http" && target.scheme != "https") || target.host.empty())
    return std::nullopt;
  return target;
}

void set_options(CURL* easy, const TransferTerms& terms) {
  // Whatever the URL says: libcurl would also read local files.
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  // With HTTP/2, libcurl would have to keep up to 32 MiB for a reader that pauses.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // A proxy of the environment would resolve names and connect where no policy is asked.
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!terms.authorities.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, terms.authorities.c_str());
    // libcurl's own default is believed besides, if it is left.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // there are other threads
  // getaddrinfo() in a thread of libcurl's may take a minute. Without this, the end of the transfer
  // waits for it.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::chrono::milliseconds(terms.connect_timeout).count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBytes);
}

CurlList set_request(CURL* easy, const TransferRequest& request) {
  CurlList headers;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  const auto add = [&](std::string_view name, std::string_view value) {
    // "Name;" is how libcurl is told of a header without a value.
    const std::string line =
        value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
    // curl_slist_append takes over the list that it is given, and returns it, perhaps with another
    // beginning.
    curl_slist* const longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr)
      throw Error(ErrorKind::io, "no memory for a request");
    static_cast<void>(headers.release());
    headers.reset(longer);
  };
  add("Accept-Encoding", "identity");
  // A header of ours: for CURLOPT_RANGE and a 200, libcurl has rules of its own.
  if (request.range)
    add("Range", request.range->last
                     ? fmt::format("bytes={}-{}", request.range->first, *request.range->last)
                     : fmt::format("bytes={}-", request.range->first));
  for (const auto& [name, value] : request.headers)
    add(name, value);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  return headers;
}

}  // namespace backglance
