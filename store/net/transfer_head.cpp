// SPDX-License-Identifier: Apache-2.0
// What an answer's status and headers say. How it is received: curl_transfer.cpp.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string_view>

#include "base/text.h"
#include "store/net/transfer.h"

namespace backglance {
namespace {

// Digits alone: a sign, a blank or a list is not a number of bytes.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

}  // namespace

const std::string& TransferHead::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

// RFC 9110, 14.4: "bytes 0-499/1234", "bytes 0-499/*"; of a 416: "bytes */1234".
std::optional<TransferHead::ContentRange> TransferHead::content_range() const {
  constexpr std::string_view kUnit = "bytes ";
  const std::string_view text = header("content-range");
  if (lower_ascii(text.substr(0, kUnit.size())) != kUnit)
    return std::nullopt;
  const std::string_view range = trim(text.substr(kUnit.size()));
  const auto slash = range.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  ContentRange found;
  const std::string_view whole = range.substr(slash + 1);
  if (whole != "*") {
    found.whole = parse_digits(whole);
    if (!found.whole)
      return std::nullopt;
  }
  const std::string_view part = range.substr(0, slash);
  if (part == "*") {
    // No byte is sent: what begins is the end.
    if (!found.whole)
      return std::nullopt;
    found.first = *found.whole;
    return found;
  }
  const auto dash = std::min(part.find('-'), part.size());
  const auto first = parse_digits(part.substr(0, dash));
  const auto last = parse_digits(part.substr(std::min(dash + 1, part.size())));
  if (!first || !last || *last < *first || (found.whole && *last >= *found.whole))
    return std::nullopt;
  found.first = *first;
  found.last = *last;
  return found;
}

std::chrono::seconds TransferHead::retry_after() const {
  constexpr std::chrono::seconds kMost = std::chrono::hours(24);
  const std::string& text = header("retry-after");
  if (text.empty())
    return std::chrono::seconds(0);
  std::chrono::seconds asked(0);
  if (const auto number = parse_digits(text)) {
    asked = std::chrono::seconds(
        std::min<std::uint64_t>(*number, static_cast<std::uint64_t>(kMost.count())));
  } else {
    // By the server's own clock, if it tells it: this host's may differ.
    const std::time_t until = curl_getdate(text.c_str(), nullptr);
    const std::time_t told = curl_getdate(header("date").c_str(), nullptr);
    if (until != -1)
      asked = std::chrono::seconds(until - (told == -1 ? std::time(nullptr) : told));
  }
  return std::clamp(asked, std::chrono::seconds(0), kMost);
}

AttemptFailure status_failure(const TransferHead& head, std::string_view what) {
  const int status = head.status;
  switch (status) {
    case 401:
    case 403:
      return place_failure(fmt::format(
          "the server does not allow this program to read {} (status {})", what, status));
    case 404:
    case 410:
      return image_failure(ImageResult::missing,
                           fmt::format("the server does not have {} (status {})", what, status));
    default:
      break;
  }
  const bool is_overloaded = status == 429 || status == 498 || status == 503;
  if (is_overloaded || status == 408 || status == 499 || (status >= 500 && status <= 599)) {
    AttemptFailure failure = transient_failure(
        is_overloaded ? fmt::format("the server asks for fewer requests (status {})", status)
                      : fmt::format("the server failed (status {})", status));
    failure.is_overloaded = is_overloaded;
    failure.retry_after = head.retry_after();
    return failure;
  }
  return image_failure(ImageResult::unreadable,
                       fmt::format("the server does not give {} (status {})", what, status));
}

}  // namespace backglance
