// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "store/swift/swift_location.h"
#include "store/swift/swift_object.h"

namespace backglance {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_md5(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

}  // namespace

std::string SwiftState::identity() const {
  return network_identity("swift", {std::to_string(static_cast<int>(kind)), std::to_string(length),
                                    etag, timestamp, last_modified, version, manifest});
}

bool SwiftState::is_same(const SwiftState& other) const {
  return identity() == other.identity();
}

std::optional<std::string> SwiftState::md5() const {
  const std::string lower = lower_ascii(etag);
  std::string_view digits = lower;
  // In quotes too, if Swift is told to follow RFC 7232 (its middleware etag_quoter), and by
  // radosgw.
  if (digits.size() == 34 && digits.starts_with('"') && digits.ends_with('"'))
    digits = digits.substr(1, 32);
  if (kind != Kind::plain || !is_md5(digits))
    return std::nullopt;
  return std::string(digits);
}

std::variant<SwiftState, AttemptFailure> read_state(const TransferHead& head,
                                                    std::optional<std::uint64_t> length) {
  SwiftState state;
  if (lower_ascii(trim(head.header("x-static-large-object"))) == "true")
    state.kind = SwiftState::Kind::fixed;
  else if (!head.header("x-object-manifest").empty())
    state.kind = SwiftState::Kind::dynamic;
  state.etag = head.header("etag");
  state.timestamp = head.header("x-timestamp");
  state.last_modified = head.header("last-modified");
  state.version = head.header("x-object-version-id");
  state.manifest = unquote_swift_name(head.header("x-object-manifest"));
  if (!length || state.etag.empty() || state.etag.starts_with("W/"))
    return image_failure(
        ImageResult::unreadable,
        state.kind == SwiftState::Kind::dynamic
            ? "it has so many segments (10,000 or more) that Swift names neither its length nor "
              "its ETag"
            : "Swift names no length or no ETag of it, so that nothing proves what was read");
  // radosgw: the MD5 of nothing, for every static large object.
  if (state.kind == SwiftState::Kind::fixed && *length > 0 &&
      state.etag.find("d41d8cd98f00b204e9800998ecf8427e") != std::string::npos)
    return image_failure(ImageResult::unreadable,
                         "the server's ETag does not cover its segments (radosgw, static large "
                         "object), so that nothing proves what was read");
  state.length = *length;
  return state;
}

std::optional<std::vector<std::uint64_t>> read_segment_sizes(std::string_view listing) {
  const auto names = nlohmann::json::parse(listing, nullptr, /*allow_exceptions=*/false);
  if (!names.is_array())
    return std::nullopt;
  std::vector<std::uint64_t> sizes;
  for (const auto& name : names) {
    const auto bytes = name.is_object() ? name.find("bytes") : name.end();
    if (bytes == name.end() || !bytes->is_number_unsigned())
      return std::nullopt;
    sizes.push_back(bytes->get<std::uint64_t>());
  }
  return sizes;
}

SwiftWindows::SwiftWindows(std::uint64_t length, const std::vector<std::uint64_t>& sizes)
    : length_(length), is_blind_(sizes.empty()) {
  std::uint64_t end = 0;
  for (const std::uint64_t size : sizes)
    ends_.push_back(end += size);
}

std::uint64_t SwiftWindows::end_after(std::uint64_t position) const {
  if (is_blind_)
    return std::min(length_, position + kBlindBytes);
  if (ends_.empty())
    return length_;
  // The first segment that is not yet over, and nine more.
  const auto segment = std::ranges::upper_bound(ends_, position) - ends_.begin();
  const auto last = std::min(static_cast<std::size_t>(segment) + kMostSegments, ends_.size()) - 1;
  return segment == static_cast<std::ptrdiff_t>(ends_.size()) ? length_
                                                              : std::min(length_, ends_[last]);
}

}  // namespace backglance
