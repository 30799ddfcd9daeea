#pragma once

#include <filesystem>
#include <string>

#include "sql/signatures.h"

namespace backglance {

// A file of removed properties, one JSON object a line: image_id, property_id, name, updated_at,
// and the value as `value`, or as `value_base64` if it is not UTF-8, or null. Created anew (mode
// 0600), never overwritten.
class RemovalArchive {
 public:
  // Throws Error{io} if `path` exists or cannot be made.
  explicit RemovalArchive(std::filesystem::path path);
  ~RemovalArchive();
  RemovalArchive(const RemovalArchive&) = delete;
  RemovalArchive& operator=(const RemovalArchive&) = delete;

  void add(const PropertyRow& property);
  // Brings all that was added to the disk. Throws Error{io}.
  void sync();

 private:
  std::filesystem::path path_;
  std::string buffer_;
  int fd_ = -1;
};

}  // namespace backglance
