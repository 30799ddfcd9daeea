// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/image_result.h"
#include "glance/location.h"

namespace backglance {

// Why a location could not be read: a result, and one sentence without secrets.
struct ReadFailure {
  // missing, unreadable, changed_while_read or store_not_supported
  ImageResult result = ImageResult::unreadable;
  std::string reason;
};

// The bytes of one location, read from the first to the last. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  // Length in bytes, if the store knows it before the last byte is read.
  virtual std::optional<std::uint64_t> length() const = 0;

  // Fills `buffer` with the bytes that follow those of the last call. Fewer bytes than the buffer
  // holds, or none, mean the end.
  virtual std::variant<std::size_t, ReadFailure> read(std::span<std::byte> buffer) = 0;

  // Makes the first read begin at `offset`. Call it before the first read; `offset` must not be
  // beyond the length. Returns false if the store cannot do this.
  virtual bool skip_to(std::uint64_t offset) = 0;

  // The identity that identity() will return if nothing changes. For a checkpoint, which may be
  // used weeks later. Nothing if the store does not know it.
  virtual std::optional<std::string> identity_when_opened() const = 0;

  // Call it after the last byte. Returns a text that proves that all reads saw the same object, or
  // changed_while_read. For a file it is "device:inode:length:mtime:ctime", times in ns: whoever
  // writes to a file may put its mtime back, but not its ctime.
  virtual std::variant<std::string, ReadFailure> identity() = 0;
};

// Whether two identities mean the same bytes. An identity begins with what only this host knows of
// the object, and a colon. This part is not compared: a device number, for example, differs between
// hosts and after a reboot. The identity of an object in a network store begins with the colon. A
// text without a colon is no identity, and one of an earlier version, which lacks a part (the ctime
// of a file), is not the same as any: both return false.
bool is_same_object(const std::string& one, const std::string& other);
// Whether `older`, of an earlier version, says the same as `identity` as far as it goes. That is no
// proof of the same bytes: it lacks the ctime, without which a mtime that was put back hides a
// write.
bool agrees_with_older(const std::string& identity, const std::string& older);

// Opens locations of one type of store. It is an abstract class because each type of store has one:
// file now; http, swift, s3 and rbd later. Thread-safe.
class SourceOpener {
 public:
  virtual ~SourceOpener() = default;

  virtual std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) = 0;
  // The identity that a Source of this location would return now, without reading its bytes.
  virtual std::variant<std::string, ReadFailure> identify(const Location& location) = 0;
  // The part of the store that is available or missing as a whole. For files it is the store
  // directory, which may be a mount point.
  virtual std::string place_of(const Location& location) const = 0;
  // True if the place contains nothing at all, as when nothing is mounted there.
  virtual bool is_empty(const std::string& place) const = 0;

  // All places of the site's stores of this type, as place_of() names them.
  virtual std::vector<std::string> places() const = 0;
  // Those that cannot be opened now, as the configuration names them. A place that is away looks
  // like a store without images, and must not be taken for one.
  virtual std::vector<std::string> unavailable() const = 0;
};

}  // namespace backglance
