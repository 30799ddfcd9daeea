// SPDX-License-Identifier: Apache-2.0
#include "store/net/answer_headers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::size_t kMostLines = 200;
constexpr std::size_t kMostBytes = 64 << 10;

}  // namespace

bool AnswerHeaders::are_too_many() const {
  return lines_ > kMostLines || bytes_ > kMostBytes;
}

bool AnswerHeaders::take(std::string_view line) {
  ++lines_;
  bytes_ += line.size();
  if (are_too_many())
    return false;
  // What comes after the body, with chunks, are trailers.
  if (is_complete_)
    return true;
  constexpr std::string_view kVersion = "HTTP/";
  if (line.starts_with(kVersion)) {
    head_ = {};
    has_status_ = true;
    const auto blank = std::min(line.find(' ') + 1, line.size());
    std::from_chars(line.data() + blank, line.data() + line.size(), head_.status);
    return true;
  }
  if (trim(line).empty()) {
    constexpr int kFinal = 200;
    if (head_.status >= kFinal)
      complete();
    return true;
  }
  // The begin of a line that goes on in the next (RFC 9112, 5.2) is enough for every header that is
  // read here.
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && line.front() != ' ' && line.front() != '\t')
    head_.headers[lower_ascii(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  return true;
}

void AnswerHeaders::complete() {
  is_complete_ = true;
  const std::string coding = lower_ascii(head_.header("transfer-encoding"));
  is_chunked_ = coding == "chunked";
  is_coded_ = !coding.empty() && !is_chunked_;
  const std::string& length = head_.header("content-length");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), number);
  // libcurl counts in signed numbers. Where a coding is there too, it counts (RFC 9112, 6.3).
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!length.empty() && error == std::errc() && end == length.data() + length.size() &&
      number <= kMost && coding.empty())
    head_.length = number;
}

}  // namespace backglance
