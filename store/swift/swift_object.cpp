// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <utility>

namespace backglance {
namespace {

// How long a new segment may take to be listed; containers are usually a second behind.
constexpr std::chrono::seconds kUntilListed{5};

using Replica = SwiftRequests::Replica;
using Subject = SwiftRequests::Subject;

AttemptFailure failure_of(const SwiftRequests& requests, const TransferHead& head,
                          std::string_view what) {
  if (head.status == 401 || head.status == 403)
    return requests.refusal(head.status);
  return status_failure(head, what);
}

// What to say of an object for which Swift answered 404: the state, if another replica has it.
std::variant<SwiftState, AttemptFailure> look_again(SwiftRequests& requests) {
  auto asked = requests.head(Subject::object, Replica::newest);
  if (auto* const failure = std::get_if<AttemptFailure>(&asked))
    return std::move(*failure);
  const auto& newest = std::get<TransferHead>(asked);
  if (newest.status / 100 == 2)
    return read_state(newest, newest.length);
  if (newest.status != 404)
    return failure_of(requests, newest, "the object");
  // Swift also answers 404 for a manifest if the container of its segments is not there.
  auto raw = requests.head(Subject::manifest, Replica::newest);
  if (auto* const failure = std::get_if<AttemptFailure>(&raw))
    return std::move(*failure);
  if (std::get<TransferHead>(raw).status / 100 == 2)
    return image_failure(ImageResult::unreadable,
                         "Swift has the manifest of the object, but not the container of its "
                         "segments");
  auto looked = requests.head(Subject::container, Replica::newest);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked))
    return std::move(*failure);
  const auto& container = std::get<TransferHead>(looked);
  if (container.status == 404)
    return place_failure("Swift has no such container");
  if (container.status / 100 != 2)
    return failure_of(requests, container, "the container");
  return image_failure(ImageResult::missing, "Swift has no such object in the container");
}

class SwiftObject : public Object {
 public:
  SwiftObject(SwiftRequests requests, SwiftState state, SwiftWindows windows, bool has_listing)
      : requests_(std::move(requests)),
        state_(std::move(state)),
        windows_(std::move(windows)),
        has_listing_(has_listing) {}

  std::optional<std::uint64_t> length() const override { return state_.length; }
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override;
  std::optional<AttemptFailure> confirm_length() override;
  bool skip_to(std::uint64_t offset) override {
    position_ = offset;
    return true;
  }
  std::optional<std::string> identity_when_opened() const override { return state_.identity(); }
  std::variant<std::string, AttemptFailure> identity() override;
  std::optional<std::string> stored_md5() const override { return state_.md5(); }

 private:
  std::optional<AttemptFailure> begin_window();
  std::optional<AttemptFailure> end_window();
  AttemptFailure failure_in_read(const TransferHead& head);

  SwiftRequests requests_;
  SwiftState state_;
  SwiftWindows windows_;
  bool has_listing_;  // false: the user may not list the segments
  bool has_waited_ = false;
  std::uint64_t position_ = 0;
  std::unique_ptr<Transfer> transfer_;  // of the bytes up to window_end_
  std::uint64_t window_end_ = 0;
  bool has_condition_ = true;  // If-Match
  int conflicts_ = 0;
};

// Swift computes the length of a dynamic large object from a listing that may be behind. Where the
// newest listing could not be compared with it, it is asked for once more, a while later.
std::optional<AttemptFailure> SwiftObject::confirm_length() {
  if (state_.kind != SwiftState::Kind::dynamic || has_listing_)
    return std::nullopt;
  if (!std::exchange(has_waited_, true)) {
    AttemptFailure failure =
        transient_failure("Swift's listing of the segments may not be up to date yet");
    failure.retry_after = kUntilListed;
    return failure;
  }
  auto asked = requests_.head(Subject::object, Replica::newest);
  if (auto* const failure = std::get_if<AttemptFailure>(&asked))
    return std::move(*failure);
  const auto& head = std::get<TransferHead>(asked);
  if (head.status / 100 != 2)
    return failure_in_read(head);
  auto state = read_state(head, head.length);
  if (auto* const failure = std::get_if<AttemptFailure>(&state))
    return std::move(*failure);
  state_ = std::get<SwiftState>(std::move(state));
  windows_ = SwiftWindows(state_.length, {});
  return std::nullopt;
}

std::variant<std::size_t, AttemptFailure> SwiftObject::read_some(std::span<std::byte> buffer) {
  if (position_ >= state_.length || buffer.empty())
    return std::size_t{0};
  if (!transfer_)
    if (auto failure = begin_window())
      return std::move(*failure);
  const std::uint64_t rest = window_end_ - position_;
  auto got = transfer_->read(
      buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), rest))));
  if (std::holds_alternative<AttemptFailure>(got)) {
    transfer_.reset();
    return got;
  }
  const std::size_t bytes = std::get<std::size_t>(got);
  if (bytes == 0) {  // Transfer proves the length of an answer; this one had the right one
    transfer_.reset();
    return transient_failure("Swift's answer ended too soon");
  }
  position_ += bytes;
  conflicts_ = 0;
  if (position_ == window_end_)
    if (auto failure = end_window()) {
      position_ -= bytes;  // these are not returned, so they are read again
      return std::move(*failure);
    }
  return bytes;
}

// Asks for the bytes from position_ on, and proves that they are of the object that was opened.
std::optional<AttemptFailure> SwiftObject::begin_window() {
  window_end_ = windows_.end_after(position_);
  const bool is_whole = position_ == 0 && window_end_ == state_.length;
  std::optional<TransferRequest::Range> range;
  if (!is_whole)
    range = {.first = position_, .last = window_end_ - 1};
  auto opened = requests_.get(has_condition_ ? state_.etag : "", range);
  if (auto* const failure = std::get_if<AttemptFailure>(&opened))
    return std::move(*failure);
  // radosgw compares the ETag of a dynamic large object with that of the empty manifest. Then only
  // the headers of the answer, which are looked at below, tell whether it is the same.
  if (has_condition_ && state_.kind == SwiftState::Kind::dynamic &&
      std::get<SwiftRequests::Opened>(opened).head.status == 412) {
    has_condition_ = false;
    return begin_window();
  }
  auto& [transfer, head] = std::get<SwiftRequests::Opened>(opened);
  if (head.status != (is_whole ? 200 : 206)) {
    if (head.status == 200)
      return transient_failure("Swift answered a request for a part with the whole object");
    return failure_in_read(head);
  }
  std::optional<std::uint64_t> whole = head.length;
  if (!is_whole) {
    const auto part = head.content_range();
    if (!part || part->first != position_ || head.length != window_end_ - position_)
      return transient_failure("Swift answered with another part than was asked for");
    whole = part->whole;
  }
  const auto state = read_state(head, whole);
  // If-Match is proof enough for Swift; a proxy between may not know it.
  if (!std::holds_alternative<SwiftState>(state) || !state_.is_same(std::get<SwiftState>(state)))
    return changed_failure("the object was replaced while it was read");
  transfer_ = std::move(transfer);
  return std::nullopt;
}

// The transfer must have no byte more. Reading it to its end also frees its connection for the next
// window.
std::optional<AttemptFailure> SwiftObject::end_window() {
  std::array<std::byte, 1> more = {};
  auto got = std::exchange(transfer_, nullptr)->read(more);
  if (auto* const failure = std::get_if<AttemptFailure>(&got))
    return std::move(*failure);
  if (std::get<std::size_t>(got) != 0)
    return transient_failure("Swift's answer was longer than it said");
  return std::nullopt;
}

AttemptFailure SwiftObject::failure_in_read(const TransferHead& head) {
  if (head.status == 412 || head.status == 416)
    return changed_failure("the object was replaced while it was read");
  if (head.status == 404) {
    auto again = look_again(requests_);
    if (std::holds_alternative<SwiftState>(again))
      return transient_failure("Swift did not find the object, but has it");
    AttemptFailure failure = std::get<AttemptFailure>(std::move(again));
    if (failure.kind == FailureKind::image && failure.result == ImageResult::missing)
      return changed_failure("the object was deleted while it was read");
    return failure;
  }
  // Of a large object: the first segment in the range is not there, or is not what the manifest
  // says. A replica that is behind may say so too, so it is asked three times.
  constexpr int kMostConflicts = 3;
  if (head.status == 409) {
    if (++conflicts_ < kMostConflicts)
      return transient_failure("Swift does not find a segment of the object (HTTP 409)");
    return image_failure(ImageResult::unreadable,
                         "Swift does not find a segment of the object (HTTP 409)");
  }
  return failure_of(requests_, head, "the object");
}

std::variant<std::string, AttemptFailure> SwiftObject::identity() {
  auto looked = look_at_object(requests_);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked)) {
    if (failure->kind == FailureKind::image && failure->result == ImageResult::missing)
      return changed_failure("the object was deleted while it was read");
    return std::move(*failure);
  }
  if (!state_.is_same(std::get<SwiftState>(looked)))
    return changed_failure("the object was replaced while it was read");
  return state_.identity();
}

}  // namespace

std::variant<SwiftState, AttemptFailure> look_at_object(SwiftRequests& requests) {
  auto asked = requests.head(Subject::object);
  if (auto* const failure = std::get_if<AttemptFailure>(&asked))
    return std::move(*failure);
  const auto& head = std::get<TransferHead>(asked);
  if (head.status == 404)
    return look_again(requests);
  // Of a large object: see failure_in_read().
  if (head.status == 409)
    return image_failure(ImageResult::unreadable,
                         "Swift does not find a segment of the object (HTTP 409)");
  if (head.status / 100 != 2)
    return failure_of(requests, head, "the object");
  return read_state(head, head.length);
}

std::variant<std::unique_ptr<Object>, AttemptFailure> open_swift_object(SwiftRequests requests) {
  auto looked = look_at_object(requests);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked))
    return std::move(*failure);
  auto& state = std::get<SwiftState>(looked);
  SwiftWindows windows(state.length);
  bool has_listing = true;
  if (state.kind == SwiftState::Kind::dynamic) {
    const auto slash = std::min(state.manifest.find('/'), state.manifest.size());
    auto listed = requests.list(state.manifest.substr(0, slash),
                                state.manifest.substr(std::min(slash + 1, state.manifest.size())));
    if (auto* const failure = std::get_if<AttemptFailure>(&listed))
      return std::move(*failure);
    const auto& answer = std::get<TransferPool::Answer>(listed);
    if (answer.head.status / 100 == 2) {
      const auto sizes = read_segment_sizes(answer.head.status == 204 ? "[]" : answer.body);
      // Swift computes length and ETag from a listing that may be behind, and the newest listing
      // says so. A length that is too small would be a finding.
      if (!sizes || std::accumulate(sizes->begin(), sizes->end(), std::uint64_t{0}) != state.length)
        return transient_failure("Swift's listing of the segments is not up to date yet");
      if (!sizes->empty())
        windows = SwiftWindows(state.length, *sizes);
    } else if (answer.head.status == 403 || answer.head.status == 404) {
      // A read ACL need not allow listings.
      has_listing = false;
      windows = SwiftWindows(state.length, {});
    } else {
      return failure_of(requests, answer.head, "the listing of the segments");
    }
  }
  return std::make_unique<SwiftObject>(std::move(requests), std::move(state), std::move(windows),
                                       has_listing);
}

}  // namespace backglance
