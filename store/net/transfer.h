// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/net/address_policy.h"
#include "store/store_settings.h"

namespace backglance {

struct TransferRequest {
  std::string method = "GET";  // or HEAD, POST
  std::string url = {};        // percent-encoded; sent as it is. A secret.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // For Basic authentication; empty: none.
  std::string user = {};
  std::string password = {};
  // Bytes to ask for, both ends included; `last` empty: to the end. Sent as Range.
  struct Range {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last = {};
  };
  std::optional<Range> range = {};
};

// The begin of an answer.
struct TransferHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // by name in lower case; the last one counts
  std::optional<std::uint64_t> length;         // Content-Length

  // The header's value; "" if there is none.
  const std::string& header(const std::string& name) const;
  // Content-Range of a 206: the first and the last byte, and the length of the whole object if it
  // is told. Of a 416, which sends no byte, `first` is the length and there is no `last`.
  struct ContentRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last;
    std::optional<std::uint64_t> whole;
  };
  std::optional<ContentRange> content_range() const;
  // Retry-After in seconds, from a number or a date; 0 if there is none.
  std::chrono::seconds retry_after() const;
};

// One answer, streamed. One thread at a time. Memory: at most 512 KiB beside the caller's buffer.
class Transfer {
 public:
  virtual ~Transfer() = default;

  // Waits for the status and the headers.
  virtual std::variant<TransferHead, AttemptFailure> head() = 0;
  // The next bytes of the body: at least one; 0 is the end of a body that is complete by its length
  // or its chunks. Call head() before. A body that ends too soon is a transient failure.
  virtual std::variant<std::size_t, AttemptFailure> read(std::span<std::byte> buffer) = 0;
  // After the end: the body had neither a length nor chunks, so that nothing proves its end.
  virtual bool ended_by_close() const = 0;
};

// What counts for all transfers of a pool.
struct TransferTerms {
  std::string authorities = {};  // a PEM file, the only accepted ones; empty: the system's
  // Addresses to which it may connect. Null: every address: for a server that the operator has
  // named, and never for one that a row names.
  std::shared_ptr<const AddressPolicy> policy = {};
  std::chrono::seconds connect_timeout{10};
  // A transfer that gets less than 1 KiB/s for this time is broken off.
  std::chrono::seconds stall_timeout{60};
};

// HTTP and HTTPS with libcurl, for bodies of any size. Certificates and names are always verified;
// redirects are not followed; no proxy of the environment, no .netrc, no cookies, HTTP/1.1 alone;
// `Accept-Encoding: identity` is sent, and nothing is decoded but chunks. Connections are kept for
// the next request to the same host and port. Thread-safe.
//
// Failures:
//   unreached_failure   no name, no route, refused, no connection in time, a broken TLS handshake
//   transient_failure   the answer broke off, stalled, or is no HTTP
//   place_failure       the certificate does not verify
//   image_failure       unreadable: the policy refuses the address (nothing was sent there), the
//                       URL cannot be used, or the answer has headers that nobody needs to bear
//   stopped_failure     StoreHooks::should_stop, after at most 2 s in which an answer may still
//   come
// No reason has a URL, a header, a body, a host or an address. Throws Error{io} if this host has no
// memory or no more files.
class TransferPool {
 public:
  // `hooks` must live longer than this.
  TransferPool(TransferTerms terms, const StoreHooks& hooks);
  ~TransferPool();

  // Sends nothing before head().
  std::unique_ptr<Transfer> begin(TransferRequest request);

  // A whole small answer, at most `most` bytes: for tokens, listings and error bodies.
  struct Answer {
    TransferHead head;
    std::string body;
    bool is_cut = false;  // it was longer
  };
  std::variant<Answer, AttemptFailure> ask(TransferRequest request, std::size_t most = 1 << 16);

  // Tells StoreHooks::dropped.
  void dropped(std::uint64_t bytes) const;

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

// What a status that is no success says by itself: 408, 429, 498, 499 and 5xx are transient, with
// Retry-After; 401 and 403 are of the place; 404 and 410 are missing; everything else is
// unreadable. `what` is the object in words: "the object".
AttemptFailure status_failure(const TransferHead& head, std::string_view what);

}  // namespace backglance
