// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/image_result.h"
#include "glance/location.h"

namespace backglance {

// Why a location could not be read, as a class and a sentence without secrets.
struct ReadFailure {
  // missing, unreadable, changed_while_read or store_not_supported
  ReadClass read_class = ReadClass::unreadable;
  std::string reason;
};

// The bytes of one location, from first to last. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  // Length in bytes if the store tells it before the end.
  virtual std::optional<std::uint64_t> length() const = 0;

  // Fills `buffer` from where the last call ended. Fewer bytes than the buffer holds, or none, mean
  // the end.
  virtual std::variant<std::size_t, ReadFailure> read(std::span<std::byte> buffer) = 0;

  // The next read begins there: before the first read, not beyond the length. False if the store
  // cannot.
  virtual bool skip_to(std::uint64_t offset) = 0;

  // For a checkpoint, which may be gone on with weeks later: what identity() will say if nothing
  // changes meanwhile, and what besides shows that the object was changed and made to look as
  // before (":ctime in ns" of a file). Nothing if the store does not tell.
  virtual std::optional<std::string> identity_when_opened() const = 0;

  // To be called after the last byte: what proves that all reads saw the same object
  // ("device:inode:length: mtime in ns" of a file), or changed_while_read.
  virtual std::variant<std::string, ReadFailure> identity() = 0;
};

// Whether two identities are of the same bytes: the number of the device is left out, which each
// host has for itself, and another one after a boot.
bool is_same_object(const std::string& one, const std::string& other);

// Where images' bytes come from. An abstract class, because every store that Glance has is to be
// one: file now; http, swift, s3, rbd later. Thread-safe.
class SourceOpener {
 public:
  virtual ~SourceOpener() = default;

  // True if this opener is for locations of that scheme.
  virtual bool handles(const std::string& scheme) const = 0;
  virtual std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) = 0;
  // The identity that a Source of this location would report now, without reading its bytes.
  virtual std::variant<std::string, ReadFailure> identify(const Location& location) = 0;
  // What is there, or gone, as a whole: of files the store directory, which is a mount perhaps.
  virtual std::string place_of(const Location& location) const = 0;
  // True if there is nothing at all in that place, as where nothing is mounted.
  virtual bool is_empty(const std::string& place) const = 0;
};

}  // namespace backglance
