// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "base/line_reader.h"
#include "base/output_place.h"
#include "ledger/removal.h"

namespace backglance {

class SiteKey;

// A file of removed properties, one JSON object per line: image_id, property_id, name, updated_at,
// deleted_at, and the value as `value` (a text, or null) or, if it is not UTF-8, as `value_base64`.
// The last line has `archive`, the id of the file, and `lines`, the number of lines before it:
// without it, a file that a full disk has cut off would look complete.
//
// With a key, each line is a DSSE envelope (attest/envelope.h) with a payload type of its own. The
// object in it has two more members: `archive`, which all lines of one file share and no other file
// has, and `number`, from 1. The last line is an envelope of another type. No two lines have the
// same archive and number, so a line that is missing, repeated or from another archive is noticed;
// a digest of the whole file would add nothing.
inline constexpr std::string_view kRemovedPayloadType = "application/vnd.backglance.removed+json";
inline constexpr std::string_view kArchiveEndPayloadType =
    "application/vnd.backglance.removed-end+json";

// What follows the name of an archive until it is complete.
inline constexpr std::string_view kUnfinishedArchive = ".unfinished";

// Limits of reader and writer, in bytes: of a line, which a reader holds in memory, decodes and
// parses; and of the object on it. A signed line holds the object in base64, beside its signature.
inline constexpr std::size_t kLongestArchiveLine = std::size_t{16} << 20;
inline constexpr std::size_t kLongestArchiveObject =
    kLongestArchiveLine / 4 * 3 - (std::size_t{16} << 10);

// The property in the payload of a line, or on a line without signature. Nothing if it is not one:
// a member is missing or of another type, or the name is not of a legacy signature property.
std::optional<RemovedProperty> archived_property(std::string_view payload);

// True if an archive, signed or not, gives back this very property. False for an id or a time that
// is not UTF-8, a number out of range, or a value that is too long. contract removes no other.
bool can_be_archived(const RemovedProperty& property);

// Writes an archive to a new file (mode 0600); an existing file is never overwritten. Until close()
// the file is called "<path>.unfinished". A killed run leaves it so: it holds all that the run has
// removed, and is read like any archive. One thread at a time.
class RemovalArchive {
 public:
  // `id` names the archive. `key` may be null (no signatures) and must live longer than this.
  // Throws Error{io} if the file exists or cannot be made, and what OutputPlace throws.
  RemovalArchive(const std::filesystem::path& path, std::string id, const SiteKey* key);
  ~RemovalArchive();
  RemovalArchive(const RemovalArchive&) = delete;
  RemovalArchive& operator=(const RemovalArchive&) = delete;

  // For a property for which can_be_archived() holds.
  void add(const RemovedProperty& property);
  // Writes all added lines to the disk (fsync). Throws Error{io}.
  void sync();
  // Writes the last line to the disk: it says that the archive is complete. Then gives the file its
  // name. Throws Error{io}, also if the name is taken.
  void close();

 private:
  OutputPlace place_;
  std::string unfinished_;  // its name in place_.directory() until close()
  std::string id_;
  const SiteKey* key_;
  std::int64_t lines_ = 0;
  std::string buffer_;
  bool closed_ = false;
  int fd_ = -1;
};

// Why a line, or the whole file, cannot be trusted.
struct ArchiveFault {
  std::int64_t line = 0;  // counted from 1; 0: the whole file
  std::string text;
};

// Reads an archive, line by line. With a key, it returns only lines that the key has signed and
// that belong to the same archive as the first such line. In any case it returns only legacy
// signature properties. One thread at a time.
class ArchiveReader {
 public:
  // `key` null: for an archive without signatures, in which every line is trusted. A key must live
  // longer than this. Throws Error{usage} if the file does not exist.
  ArchiveReader(const std::filesystem::path& path, const SiteKey* key);

  // Returns the next property or fault; nothing at the end. Throws Error{io}.
  std::optional<std::variant<RemovedProperty, ArchiveFault>> next();

  // Call these after next() has returned nothing.
  // True if no line is missing, foreign or changed. An archive without signatures cannot show that
  // none was changed: false if it is incomplete, else nothing.
  std::optional<bool> is_whole() const;
  // What the file lacks: a sentence that begins with "it"; empty if it is complete. An archive
  // without its last line is incomplete, and so is one with fewer lines than that line says.
  std::string missing() const;
  // The lines of the file that are not empty, and those of them that are properties of the archive.
  std::int64_t lines() const { return lines_found_; }
  std::int64_t accepted() const { return accepted_; }

 private:
  using Found = std::variant<RemovedProperty, ArchiveFault>;
  std::optional<Found> judge(const std::string& line);
  std::optional<Found> judge_unsigned(const std::string& line);
  std::optional<Found> judge_signed(const std::string& line);
  // Empty if the line is the next one; otherwise why it does not count.
  std::string take_place(const std::string& archive, std::int64_t number);
  std::optional<Found> close(std::string_view payload);
  ArchiveFault fault(std::string text);
  ArchiveFault lines_missing(std::int64_t number);
  std::int64_t missing_before(std::int64_t number) const;

  LineReader lines_;
  const SiteKey* key_;
  std::string archive_;       // of the first line that was accepted
  std::int64_t number_ = 0;   // of the last line that was accepted
  std::int64_t strange_ = 0;  // lines since then that were not accepted
  std::int64_t lines_found_ = 0;
  std::int64_t accepted_ = 0;
  std::int64_t missing_ = 0;      // lines that the numbers, or the last line, show to be missing
  std::optional<Found> pending_;  // to return at the next call
  bool closed_ = false;
  bool ended_ = false;
  bool whole_ = true;
};

}  // namespace backglance
