// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/swift/swift_requests.h"

namespace backglance {

// What the headers of an object say, as far as it identifies the content.
struct SwiftState {
  // `dynamic`: a manifest whose segments are all objects with a prefix (X-Object-Manifest).
  // `fixed`: a manifest that lists its segments with their MD5 (X-Static-Large-Object).
  enum class Kind { plain, fixed, dynamic };
  Kind kind = Kind::plain;
  std::uint64_t length = 0;
  // Of a plain object the MD5 of its content. Else, in quotes, the MD5 of the segments' MD5s, which
  // Swift computes for each request from the listing.
  std::string etag;
  std::string timestamp;  // X-Timestamp; of a manifest, its own: replacing a segment leaves it
  std::string last_modified;
  std::string version;   // X-Object-Version-Id
  std::string manifest;  // of a dynamic one: "container/prefix", percent-decoded

  std::string identity() const;
  bool is_same(const SwiftState& other) const;
  // 32 digits in lower case; nothing for a large object.
  std::optional<std::string> md5() const;
};

// The state in an answer with status 200 or 206; an unreadable image if the answer lacks what
// proves that later answers are of the same object. `length`: of the whole object.
std::variant<SwiftState, AttemptFailure> read_state(const TransferHead& head,
                                                    std::optional<std::uint64_t> length);

// The sizes of a dynamic large object's segments, in order: the answer of SwiftRequests::list().
// Nothing if it is none.
std::optional<std::vector<std::uint64_t>> read_segment_sizes(std::string_view listing);

// Where a request that begins at some byte should end. Swift sends the eleventh and later segments
// of one answer at one a second (rate_limit_after_segment of its middleware dlo), so that an answer
// should not have more than ten.
class SwiftWindows {
 public:
  static constexpr std::size_t kMostSegments = 10;
  static constexpr std::uint64_t kBlindBytes = 64 << 20;  // if the segments are not known

  // One answer for all.
  explicit SwiftWindows(std::uint64_t length) : length_(length) {}
  // Ten segments each; without sizes: kBlindBytes each.
  SwiftWindows(std::uint64_t length, const std::vector<std::uint64_t>& sizes);

  // Beyond `position`, at most the length.
  std::uint64_t end_after(std::uint64_t position) const;

 private:
  std::uint64_t length_;
  bool is_blind_ = false;
  std::vector<std::uint64_t> ends_;  // of the segments; empty: one answer for all
};

// Looks for the object: one HEAD, or four if it is not there. HTTP 404 alone says little: of a
// replica that is behind, or of a container that is gone. The object is missing only if the newest
// replica does not have it and the container is there.
std::variant<SwiftState, AttemptFailure> look_at_object(SwiftRequests& requests);

// Opens the object; for a dynamic large object it reads the list of its segments too.
std::variant<std::unique_ptr<Object>, AttemptFailure> open_swift_object(SwiftRequests requests);

}  // namespace backglance
