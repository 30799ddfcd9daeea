// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/source.h"

namespace backglance {

// What each type of network store implements: single attempts. RetryingStore (store/retrying.h)
// makes a SourceOpener of them, with the retries, the waits and the memory of places that are away,
// which are the same for every store.

// A ReadFailure and what it says about the next attempt.
struct AttemptFailure : ReadFailure {
  // Of a transient failure: the server was not reached at all, so that the place may be away.
  bool is_unreached = false;
  // Of a transient failure: the next attempt would fail as well, so there is none now. The image is
  // put off, and its stream is free for others.
  bool gives_up = false;
  bool is_overloaded = false;  // the server asks for fewer requests (429, 498, 503)
  // Of a place failure: the keys in the location were refused. Other locations of the place may
  // have other keys, so the place is not remembered as away.
  bool is_of_keys = false;
  std::chrono::seconds retry_after{0};  // what the server asked for; 0: nothing
};

// The failures that most attempts make.
AttemptFailure image_failure(ImageResult result, std::string reason);
AttemptFailure unreadable_failure(std::string reason);
AttemptFailure changed_failure(std::string reason);
AttemptFailure place_failure(std::string reason);
AttemptFailure transient_failure(std::string reason);
AttemptFailure unreached_failure(std::string reason);
AttemptFailure stopped_failure();

// One object, read from the first byte to the last. One thread at a time.
class Object {
 public:
  virtual ~Object() = default;

  // As Source::length().
  virtual std::optional<std::uint64_t> length() const = 0;

  // Reads at least one of the bytes that follow those of the last call, and at most as many as fit;
  // 0 is the end, and the store has proved that it is the end: a connection that was cut is none.
  // After a transient failure, the next call goes on after the last byte that was returned. It
  // connects anew and proves that the object is still the same, else it returns changed_while_read.
  // Returns within 3 s after StoreHooks::should_stop becomes true, with FailureKind::stopped.
  virtual std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) = 0;

  // As the members of Source.
  virtual std::optional<AttemptFailure> confirm_length() { return std::nullopt; }
  virtual bool skip_to(std::uint64_t offset) = 0;
  virtual std::optional<std::string> identity_when_opened() const = 0;
  virtual std::variant<std::string, AttemptFailure> identity() = 0;
  virtual std::optional<std::string> stored_md5() const { return std::nullopt; }
  virtual bool proves_its_end() const { return true; }
  virtual bool needs_checksum() const { return false; }
};

// Opens objects of one type of store. Thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // As the members of SourceOpener, but each is one attempt. An object may use the store as long as
  // it lives.
  virtual std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) = 0;
  virtual std::variant<std::string, AttemptFailure> identify(const Location& location) = 0;
  virtual std::string place_of(const Location& location) const = 0;
  virtual std::optional<PlaceTraits> traits(const std::string& place) const = 0;
  virtual std::string unusable() const { return {}; }
  // One attempt for each place, with short timeouts.
  virtual std::vector<PlaceState> survey() = 0;
};

// "rbd:<64 digits>": an identity (Source::identity()) of a network store. All fields count; none of
// them is shown. An identity fits into VARCHAR(128).
std::string network_identity(std::string_view type, const std::vector<std::string>& fields);

}  // namespace backglance
