// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace backglance {
namespace {

constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kPreconditionFailed = 412;
constexpr int kRangeNotSatisfiable = 416;

AttemptFailure too_slow() {
  AttemptFailure failure = transient_failure("the server sends too slowly to be read");
  failure.gives_up = true;
  return failure;
}

// A server of a row has no account here that an operator could mend: 401 and 403 are of the image.
AttemptFailure of_status(const TransferHead& head) {
  AttemptFailure failure = status_failure(head, "the object");
  if (failure.kind == FailureKind::place)
    failure.kind = FailureKind::image;
  return failure;
}

bool is_encoded(const TransferHead& head) {
  const std::string coding = lower_ascii(head.header("content-encoding"));
  return !coding.empty() && coding != "identity";
}

std::optional<AttemptFailure> encoded(const TransferHead& head) {
  // What Glance hands to its users is the encoded body, or not, as the user's own client asks.
  if (is_encoded(head))
    return unreadable_failure("the server sends it in an encoding that was not asked for");
  return std::nullopt;
}

}  // namespace

std::variant<HttpVersion, AttemptFailure> look_at(HttpServers& servers, TransferPool& pool,
                                                  const HttpLocation& location, bool is_opened,
                                                  LookBy by) {
  if (by == LookBy::head) {
    auto asked = servers.ask(pool, location, {.method = "HEAD"}, is_opened);
    if (auto* const failure = std::get_if<AttemptFailure>(&asked))
      return std::move(*failure);
    const TransferHead& told = std::get<HttpServers::Answer>(asked).head;
    if (told.status == kOk && !is_encoded(told) && told.length != 0)
      return HttpVersion::of(told);
    if (told.status != kOk)
      if (auto failure = of_status(told); failure.kind == FailureKind::transient)
        return failure;
  }
  // Some servers know no HEAD, or answer it with a length of 0, or a 404: no object is called lost,
  // and no length wrong, because of that.
  auto got = servers.ask(pool, location, {}, is_opened);
  if (auto* const failure = std::get_if<AttemptFailure>(&got))
    return std::move(*failure);
  const TransferHead& head = std::get<HttpServers::Answer>(got).head;
  if (head.status != kOk)
    return of_status(head);
  if (auto failure = encoded(head))
    return std::move(*failure);
  return HttpVersion::of(head);
}

HttpObject::HttpObject(HttpServers& servers, TransferPool& pool, HttpLocation location,
                       HttpVersion found, std::uint64_t largest, LeastRate rate)
    : servers_(servers),
      pool_(pool),
      location_(std::move(location)),
      found_(std::move(found)),
      largest_(largest),
      rate_(rate) {}

std::variant<std::size_t, AttemptFailure> HttpObject::read_some(std::span<std::byte> buffer) {
  // A transfer returns when the buffer is full: the rate is looked at more often than that.
  constexpr std::size_t kMost = 256 << 10;
  // The wait after a failure is the server's time; the time between other calls is the caller's.
  if (!has_failed_)
    rated_until_ = std::chrono::steady_clock::now();
  auto got = read_next(buffer.first(std::min(buffer.size(), kMost)));
  const auto* const failure = std::get_if<AttemptFailure>(&got);
  has_failed_ = failure != nullptr;
  if (has_failed_ && failure->kind == FailureKind::transient && !failure->gives_up &&
      is_too_slow(0))
    return too_slow();
  return got;
}

bool HttpObject::is_too_slow(std::size_t bytes) {
  const auto now = std::chrono::steady_clock::now();
  const bool is_met = rate_.is_met(now - rated_until_, bytes);
  rated_until_ = now;
  return !is_met;
}

std::variant<std::size_t, AttemptFailure> HttpObject::read_next(std::span<std::byte> buffer) {
  constexpr std::size_t kDropped = 64 << 10;
  while (!is_at_end_) {
    if (!transfer_) {
      if (auto failure = connect())
        return std::move(*failure);
      continue;
    }
    std::array<std::byte, kDropped> dropped;  // NOLINT(*-member-init): written before it is read
    const std::span<std::byte> space =
        to_drop_ == 0 ? buffer
                      : std::span(dropped).first(static_cast<std::size_t>(
                            std::min<std::uint64_t>(to_drop_, dropped.size())));
    auto got = transfer_->read(space);
    if (auto* const failure = std::get_if<AttemptFailure>(&got)) {
      transfer_.reset();
      return std::move(*failure);
    }
    const std::size_t count = std::get<std::size_t>(got);
    if (count > 0 && is_too_slow(count)) {
      transfer_.reset();
      return too_slow();
    }
    if (count == 0) {
      auto failure = end();
      transfer_.reset();
      if (failure)
        return std::move(*failure);
    } else if (to_drop_ > 0) {
      to_drop_ -= count;
      pool_.dropped(count);
    } else {
      offset_ += count;
      if ((found_.length && offset_ > *found_.length) || (range_end_ && offset_ > *range_end_))
        return changed_failure("the server sends more bytes than it said");
      if (offset_ > largest_)
        return unreadable_failure(fmt::format("it has more than {}", human_bytes(largest_)));
      return count;
    }
  }
  return std::size_t{0};
}

bool HttpObject::ends_object() const {
  return offset_ == *range_end_ && whole_ == offset_;
}

std::optional<AttemptFailure> HttpObject::end() {
  if (range_end_ && offset_ == *range_end_ && !ends_object())
    return std::nullopt;  // a server may send a part of what was asked for: connect() asks for more
  const bool has_all = to_drop_ == 0 && (!found_.length || offset_ == *found_.length) &&
                       (!whole_ || offset_ == *whole_) && (!range_end_ || ends_object());
  if (!has_all) {
    // A body that is complete by its own length was checked against the object's before; the end of
    // a connection may be a broken one.
    if (transfer_->ended_by_close())
      return transient_failure("the connection broke off before the end of the answer");
    return changed_failure("the server sends fewer bytes than it said");
  }
  is_at_end_ = true;
  proves_its_end_ = found_.length || whole_ || !transfer_->ended_by_close();
  return std::nullopt;
}

std::optional<AttemptFailure> HttpObject::connect() {
  TransferRequest request;
  const HttpVersion& version = began_ ? *began_ : found_;
  if (offset_ > 0) {
    if (!version.is_provable)
      return changed_failure(
          "the connection broke, and nothing that the server says proves that the object is still "
          "the same");
    request.range = TransferRequest::Range{.first = offset_};
    request.headers.push_back(version.condition());
  }
  auto asked = servers_.ask(pool_, location_, std::move(request), /*is_opened=*/true);
  if (auto* const failure = std::get_if<AttemptFailure>(&asked))
    return std::move(*failure);
  auto& answer = std::get<HttpServers::Answer>(asked);
  if (auto failure = accept(answer))
    return failure;
  if (!is_at_end_)
    transfer_ = std::move(answer.transfer);
  return std::nullopt;
}

std::optional<AttemptFailure> HttpObject::accept(const HttpServers::Answer& answer) {
  const TransferHead& head = answer.head;
  const int status = head.status;
  const auto range = head.content_range();
  if (status == kRangeNotSatisfiable && offset_ > 0) {
    // Nothing follows, if that is where the whole ends.
    if (range && range->whole == offset_ && (!found_.length || *found_.length == offset_)) {
      is_at_end_ = true;
      return std::nullopt;
    }
    return changed_failure("the object became shorter while it was read");
  }
  if (status == kPreconditionFailed && offset_ > 0)
    return changed_failure("the object was replaced while it was read");
  if (status != kOk && (status != kPartialContent || offset_ == 0)) {
    AttemptFailure failure = of_status(head);
    return failure.result == ImageResult::missing
               ? changed_failure("the object is gone since it was opened")
               : failure;
  }
  if (auto failure = encoded(head))
    return failure;
  HttpVersion version = HttpVersion::of(head);
  const HttpVersion& before = began_ ? *began_ : found_;
  if (status == kPartialContent) {
    if (!range || range->first != offset_ || !range->last)
      return unreadable_failure("the server sends another range than the one that was asked for");
    // Whether there are more bytes than that is seen when they come.
    if (!version.length)
      version.length = before.length;
  }
  if (found_.length && version.length && *version.length != *found_.length)
    return changed_failure("the object's length changed since it was opened");
  if (whole_ && version.length && *version.length != *whole_)
    return changed_failure("the object's length changed while it was read");
  if (version.length)
    whole_ = version.length;
  if (offset_ == 0) {
    // Two servers behind one name: the bytes of one must not get the proof of the other.
    if (!found_.agrees_with(version))
      return changed_failure("the object was replaced since it was opened");
    began_ = version;
  } else if (!before.is_same(version)) {
    return changed_failure("the object was replaced while it was read");
  }
  to_drop_ = status == kOk ? offset_ : 0;
  range_end_.reset();
  if (status == kPartialContent)
    range_end_ = *range->last + 1;
  return std::nullopt;
}

std::optional<AttemptFailure> HttpObject::confirm_length() {
  auto looked = look_at(servers_, pool_, location_, /*is_opened=*/true, LookBy::get);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked)) {
    if (failure->result == ImageResult::missing)
      return changed_failure("the object is gone since it was opened");
    return std::move(*failure);
  }
  auto& got = std::get<HttpVersion>(looked);
  if (got.length == found_.length)
    return std::nullopt;
  // From here on, no HEAD is believed: identity() would find another length again.
  found_ = std::move(got);
  found_by_ = LookBy::get;
  return std::nullopt;
}

bool HttpObject::skip_to(std::uint64_t offset) {
  if (!found_.is_provable || (found_.length && offset > *found_.length))
    return false;
  offset_ = offset;
  is_at_end_ = found_.length == offset;
  return true;
}

std::optional<std::string> HttpObject::identity_when_opened() const {
  if (!found_.is_provable)
    return std::nullopt;
  return found_.identity(location_);
}

std::variant<std::string, AttemptFailure> HttpObject::identity() {
  auto looked = look_at(servers_, pool_, location_, /*is_opened=*/true, found_by_);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked)) {
    if (failure->result == ImageResult::missing)
      return changed_failure("the object is gone since it was opened");
    return std::move(*failure);
  }
  const HttpVersion& now = std::get<HttpVersion>(looked);
  if (!found_.is_same(now) || !now.is_same(found_) || (began_ && !began_->agrees_with(now)))
    return changed_failure("the object was replaced while it was read");
  // The bytes came with less than what would prove the version: the answers to HEAD prove only
  // themselves.
  if (began_ && !found_.is_proved_by(*began_))
    return HttpVersion().identity(location_);
  return found_.identity(location_);
}

}  // namespace backglance
