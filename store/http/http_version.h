// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "store/http/http_location.h"
#include "store/net/transfer.h"

namespace backglance {

// What an answer says of the version of an object (RFC 9110, 8.8). The texts are a stranger's: they
// go into requests and digests, and into no message.
struct HttpVersion {
  std::string etag;           // with its quotes; empty: none
  std::string last_modified;  // empty: none
  std::optional<std::uint64_t> length;
  // Another version would have another `etag` or `last_modified`. True of a strong ETag; and of a
  // Last-Modified, which counts whole seconds, if it is more than a minute before the answer's own
  // Date. Without this, nothing proves that two requests see the same bytes.
  bool is_provable = false;

  // Of the answer to a HEAD, or of the 200 or 206 to a GET. Of a 206, the length is that of the
  // whole object.
  static HttpVersion of(const TransferHead& head);

  // Whether `other`, a later answer, is about the same version: whatever this one has is the same
  // there. A Last-Modified may be missing there if a strong ETag is the same.
  bool is_same(const HttpVersion& other) const;
  // Whether `other` may be of the same version: what both have is the same. Some servers tell less
  // to a HEAD than to a GET.
  bool agrees_with(const HttpVersion& other) const;
  // Whether `other` is of the same version by what makes this one provable.
  bool is_proved_by(const HttpVersion& other) const;
  // If-Match, or If-Unmodified-Since.
  std::pair<std::string, std::string> condition() const;
  // Source::identity() of an object of this version. If it is not provable: a text that is never
  // the same as another.
  std::string identity(const HttpLocation& location) const;
};

}  // namespace backglance
