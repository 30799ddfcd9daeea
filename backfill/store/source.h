#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "glance/location.h"
#include "sql/read_class.h"

namespace backglance {

// What to read and digest at a time. Read + MD5 + SHA-512 of a warm 1 GiB file took 3.2 s of CPU at
// 64 KiB (also at 16 and 32), 3.5 s at 128 KiB, 256 KiB, 1 MiB and 4 MiB, on a core with 512 KiB of
// L2: a small buffer is still in the cache when the next read fills it. Cold files are read ahead
// by the kernel, whatever the size.
inline constexpr std::size_t kChunkBytes = 64 << 10;

// Why a location could not be read, as a class and a sentence without secrets.
struct ReadFailure {
  ReadClass read_class =
      ReadClass::unreadable;  // missing, unreadable, changed_while_read, store_not_supported
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

  // To be called after the last byte: what proves that all reads saw the same object
  // ("device:inode:length: mtime in ns" of a file), or changed_while_read.
  virtual std::variant<std::string, ReadFailure> identity() = 0;
};

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
};

}  // namespace backglance
