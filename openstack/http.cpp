// SPDX-License-Identifier: Apache-2.0
#include "openstack/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/stop.h"
#include "base/text.h"

namespace backglance {
namespace {

// For one request. A server that hangs must not keep a run from its images.
constexpr long kConnectSeconds = 10;
constexpr long kSeconds = 30;
constexpr std::chrono::seconds kAfterStop{3};
using Clock = std::chrono::steady_clock;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

struct Received {
  HttpAnswer answer;
  bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  Received& received = *static_cast<Received*>(into);
  // Before it is kept: no server's answer may fill the memory.
  received.too_large = received.answer.body.size() + size * count > HttpClient::kLargestBody;
  if (received.too_large)
    return 0;  // which ends the transfer
  received.answer.body.append(bytes, size * count);
  return size * count;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* into) {
  constexpr std::size_t kMostHeaders = 100;
  HttpAnswer& answer = static_cast<Received*>(into)->answer;
  const std::string_view line(bytes, size * count);
  // The status line has no colon, or none that anybody looks for. Names come in any case.
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && answer.headers.size() < kMostHeaders)
    answer.headers[lower_ascii(std::string(line.substr(0, colon)))] =
        std::string(trim(line.substr(colon + 1)));
  return size * count;
}

// Called about once a second; what is not 0 ends the transfer. What answers soon is waited for
// after a stop too: an image that was read for minutes may want one more certificate.
int give_up_when_stopped(void* stop_seen, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& since = *static_cast<std::optional<Clock::time_point>*>(stop_seen);
  if (!since && stop_requested())
    since = Clock::now();
  return since && Clock::now() > *since + kAfterStop ? 1 : 0;
}

List headers_of(const HttpRequest& request) {
  // curl_slist_append takes over the list that it is given, and returns it, perhaps with another
  // beginning.
  List list;
  for (const auto& [name, value] : request.headers) {
    curl_slist* const longer =
        curl_slist_append(list.get(), fmt::format("{}: {}", name, value).c_str());
    if (longer == nullptr)
      throw Error(ErrorKind::io, "no memory for a request");
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

}  // namespace

void HttpClient::Free::operator()(void* handle) const {
  curl_easy_cleanup(handle);
}

HttpClient::HttpClient(std::string authorities) : authorities_(std::move(authorities)) {
  // Once per process: libcurl cannot be initialised by two threads at a time.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  handle_.reset(started == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle_)
    throw Error(ErrorKind::io, "libcurl cannot be used");
}

HttpClient::~HttpClient() = default;

std::variant<HttpAnswer, NoAnswer> HttpClient::ask(const HttpRequest& request) {
  CURL* const handle = handle_.get();
  curl_easy_reset(handle);  // connections are kept
  std::array<char, CURL_ERROR_SIZE> why = {};
  Received received;
  const List headers = headers_of(request);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  // Whatever the URL says: libcurl would also read local files.
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (!request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  }
  // A redirect would carry the token to a host that nobody has named.
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!authorities_.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, authorities_.c_str());
    // libcurl's own default is believed besides, if it is left.
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  std::optional<Clock::time_point> stop_seen;
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, give_up_when_stopped);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &stop_seen);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // there are other threads
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &received);
  const CURLcode code = curl_easy_perform(handle);
  // `why` ends here, and the handle does not.
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  if (received.too_large)
    return NoAnswer{"its answer is larger than 1 MiB", /*is_too_large=*/true};
  if (code != CURLE_OK)
    return NoAnswer{printable(why[0] != '\0' ? why.data() : curl_easy_strerror(code), 200)};
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  received.answer.status = static_cast<int>(status);
  return std::move(received.answer);
}

bool is_plain_url(const std::string& url) {
  struct FreeUrl {
    void operator()(CURLU* parsed) const { curl_url_cleanup(parsed); }
  };
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  // libcurl's own parser: what is checked is what will be asked.
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return false;
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK)
      return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  // No user and no query: such a URL is printed in messages, and would show a secret.
  const std::string scheme = part(CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !part(CURLUPART_HOST).empty() &&
         part(CURLUPART_USER).empty() && part(CURLUPART_PASSWORD).empty() &&
         part(CURLUPART_QUERY).empty() && part(CURLUPART_FRAGMENT).empty();
}

}  // namespace backglance
