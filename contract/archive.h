// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "base/line_reader.h"
#include "ledger/removal.h"

namespace backglance {

class SiteKey;

// A file of removed properties, one JSON object a line: image_id, property_id, name, updated_at,
// deleted_at, and the value as `value`, or as `value_base64` if it is not UTF-8, or null.
//
// By a key each line is a DSSE envelope (attest/envelope.h) of a payload type of its own, around
// that object with two members more: `archive`, the same in all lines of one file and in no other,
// and `number`, from 1. An envelope of another type closes it and says how many lines there are. As
// no two lines have the same archive and number, a line that is missing, stands twice or comes from
// another archive shows; a digest of the whole would add nothing.
inline constexpr std::string_view kRemovedPayloadType = "application/vnd.backglance.removed+json";
inline constexpr std::string_view kArchiveEndPayloadType =
    "application/vnd.backglance.removed-end+json";

// Writes one: created anew (mode 0600), never overwritten.
class RemovalArchive {
 public:
  // `id` names it; `key`, which may be null, outlives it. Throws Error{io} if `path` exists or
  // cannot be made.
  RemovalArchive(std::filesystem::path path, std::string id, const SiteKey* key);
  ~RemovalArchive();
  RemovalArchive(const RemovalArchive&) = delete;
  RemovalArchive& operator=(const RemovalArchive&) = delete;

  void add(const RemovedProperty& property);
  // Brings all that was added to the disk. Throws Error{io}.
  void sync();
  // Says that nothing more comes, on the disk as well. An archive without a key has no such line.
  void close();

 private:
  std::filesystem::path path_;
  std::string id_;
  const SiteKey* key_;
  std::int64_t lines_ = 0;
  std::string buffer_;
  int fd_ = -1;
};

// Why a line, or the file as a whole, is not to be believed.
struct ArchiveFault {
  std::int64_t line = 0;  // 0: the file
  std::string text;
};

// Reads one, line by line. What it hands over is signed by the key, where there is one, and of the
// archive that the first such line is of; and it is a legacy signature property in any case.
class ArchiveReader {
 public:
  // Null: for an archive without signatures, of which every line is taken as it stands. Throws
  // Error{usage} if there is no such file.
  ArchiveReader(const std::filesystem::path& path, const SiteKey* key);

  // Nothing at the end. Throws Error{io}.
  std::optional<std::variant<RemovedProperty, ArchiveFault>> next();

  // Once next() has given nothing: no line is missing, strange or changed. Nothing of an archive
  // without signatures, which cannot tell.
  std::optional<bool> is_whole() const;

 private:
  using Found = std::variant<RemovedProperty, ArchiveFault>;
  std::optional<Found> judge(const std::string& line);
  std::optional<Found> judge_signed(const std::string& line);
  // Empty if the line comes in its place; else why it does not count.
  std::string take_place(const std::string& archive, std::int64_t number);
  std::optional<Found> close(std::string_view payload);
  ArchiveFault fault(std::string text);
  std::int64_t missing_before(std::int64_t number) const;

  LineReader lines_;
  const SiteKey* key_;
  std::string archive_;           // of the first line that was believed
  std::int64_t number_ = 0;       // of the last one
  std::int64_t strange_ = 0;      // lines since then that were not
  std::optional<Found> pending_;  // behind what was handed over last
  bool closed_ = false;
  bool ended_ = false;
  bool whole_ = true;
};

}  // namespace backglance
