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
#include "store/store_kind.h"

namespace backglance {

// What a failure says, and of what.
enum class FailureKind {
  image,      // of this image alone: its result
  place,      // the place is away, or it refuses this host: it says nothing of any image
  transient,  // an attempt that may go well soon; from a Source or a SourceOpener: several failed
  stopped,    // the run must end
};

// Why a location could not be read: a result, and one sentence without secrets.
struct ReadFailure {
  // missing, unreadable, changed_while_read or store_not_supported. Of a place or a transient
  // failure: unreadable.
  ImageResult result = ImageResult::unreadable;
  std::string reason;
  FailureKind kind = FailureKind::image;
  // Of a place: it answered, and refused this one object. If it gives others afterwards, the
  // refusal was of the image alone.
  bool is_refusal = false;
};

// The bytes of one location, read from the first to the last. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  // Length in bytes, if the store knows it before the last byte is read.
  virtual std::optional<std::uint64_t> length() const = 0;

  // Asks again for the length, in the way in which the bytes are read; then length() is what that
  // says. Call it before the first read, and before a length is called wrong: of some stores, what
  // finds an object is less to be believed than what sends it. A failure if the store cannot be
  // asked.
  virtual std::optional<ReadFailure> confirm_length() { return std::nullopt; }

  // Fills `buffer` with the bytes that follow those of the last call. Fewer bytes than the buffer
  // holds, or none, mean the end. Returns within 3 s after StoreHooks::should_stop becomes true.
  virtual std::variant<std::size_t, ReadFailure> read(std::span<std::byte> buffer) = 0;

  // Makes the first read begin at `offset`. Call it before the first read; `offset` must not be
  // beyond the length. Returns false if the store cannot do this.
  virtual bool skip_to(std::uint64_t offset) = 0;

  // The identity that identity() will return if nothing changes. For a checkpoint, which may be
  // used weeks later. Nothing if the store does not know it.
  virtual std::optional<std::string> identity_when_opened() const = 0;

  // The MD5 that the store itself keeps of the whole object: 32 digits in lower case. Nothing if it
  // keeps none, or not of the content.
  virtual std::optional<std::string> stored_md5() const { return std::nullopt; }

  // After the last byte: false if nothing proves that it was the last. Then the length or the
  // checksum that Glance knows must prove it.
  virtual bool proves_its_end() const { return true; }

  // True if the bytes count only where Glance has a checksum or a hash to compare them with: what
  // was sent may be only a part of the object.
  virtual bool needs_checksum() const { return false; }

  // Call it after the last byte. Returns a text that proves that all reads saw the same object, or
  // changed_while_read. For a file it is "device:inode:length:mtime:ctime", times in ns: whoever
  // writes to a file may put its mtime back, but not its ctime.
  virtual std::variant<std::string, ReadFailure> identity() = 0;
};

// Whether two identities mean the same bytes. An identity begins with what only this host knows of
// the object, and a colon. This part is not compared: a device number, for example, differs between
// hosts and after a reboot. The identity of an object in a network store is the type of the store,
// a colon, and a digest of all that identifies the object. A text without a colon is no identity,
// and one of an earlier version, which lacks a part (the ctime of a file), is not the same as any:
// both return false.
bool is_same_object(const std::string& one, const std::string& other);
// Whether `older`, of an earlier version, says the same as `identity` as far as it goes. That is no
// proof of the same bytes: it lacks the ctime, without which a mtime that was put back hides a
// write.
bool agrees_with_older(const std::string& identity, const std::string& older);

// A place of the configuration, as this host sees it now.
struct PlaceState {
  std::string place;      // as SourceOpener::place_of() names it
  std::string store_id;   // in enabled_backends; empty: an old-style store
  std::string away = {};  // why this host cannot use it; empty: it can
  std::string type = {};  // the driver\'s name; Stores fills it in
};

// Opens locations of one type of store: one class for each type. Thread-safe.
//
// A place is the part of a store that is available or missing as a whole: a directory, a bucket, a
// pool, a host. Its name is a path for a directory ("/srv/images"), otherwise a phrase ("bucket
// images of store fast") without a secret: no user, no key and no URL of a row. It is printed.
class SourceOpener {
 public:
  virtual ~SourceOpener() = default;

  // Finds the object and its length. It reads no data, and costs one request to the store at most,
  // or two where one cannot tell.
  virtual std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) = 0;
  // The identity that a Source of this location would return now, without reading its bytes.
  virtual std::variant<std::string, ReadFailure> identify(const Location& location) = 0;
  // Empty for a location that is in no place of this type of store, or cannot be understood.
  virtual std::string place_of(const Location& location) const = 0;
  // Nothing for a place of another type.
  virtual std::optional<PlaceTraits> traits(const std::string& place) const = 0;
  // True if the place contains nothing at all, or is not there, as when nothing is mounted there.
  virtual bool is_empty(const std::string& place) const = 0;

  // Why no location of this type can be read, whatever it is: nothing is configured, switched on or
  // installed for it. One sentence; empty if some can be read.
  virtual std::string unusable() const { return {}; }

  // All places that the configuration names, looked at now. A place that is away looks like a store
  // without images, and must not be taken for one. May wait for a server, for about 10 s each.
  virtual std::vector<PlaceState> survey() const = 0;
};

}  // namespace backglance
