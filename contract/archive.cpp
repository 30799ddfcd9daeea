// SPDX-License-Identifier: Apache-2.0
#include "contract/archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "attest/envelope.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "base/unfinished_file.h"
#include "base/utf8.h"
#include "base/write_all.h"

namespace backglance {
namespace {

constexpr std::size_t kLongestPath = 4096;

nlohmann::json as_json(const RemovedProperty& property) {
  nlohmann::json line = {
      {"image_id", property.image_id}, {"property_id", property.id},        {"name", property.name},
      {"updated_at", nullptr},         {"deleted_at", property.deleted_at}, {"value", nullptr}};
  if (property.updated_at)
    line["updated_at"] = *property.updated_at;
  if (property.value) {
    // JSON can hold only UTF-8.
    if (is_utf8(*property.value)) {
      line["value"] = *property.value;
    } else {
      line.erase("value");
      line["value_base64"] = encode_base64(*property.value);
    }
  }
  return line;
}

// One line; bytes that are not UTF-8 are replaced.
std::string text_of(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool can_be_archived(const RemovedProperty& property) {
  // JSON writes a byte as up to six letters. A value that is too long in any case is not written.
  if (property.value && property.value->size() > kLongestArchiveObject)
    return false;
  const std::string object = text_of(as_json(property));
  if (object.size() > kLongestArchiveObject)
    return false;
  // The reader's own code decides, so contract removes nothing that --revert refuses.
  const auto back = archived_property(object);
  return back && *back == property;
}

RemovalArchive::RemovalArchive(const std::filesystem::path& path, std::string id,
                               const SiteKey* key)
    : place_(path, "archive " + printable(path.string(), kLongestPath), LastLink::keep),
      unfinished_(place_.name() + std::string(kUnfinishedArchive)),
      id_(std::move(id)),
      key_(key) {
  // O_EXCL: an archive is never overwritten, and no link is followed.
  fd_ = openat(place_.directory(), unfinished_.c_str(),
               O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd_ < 0)
    throw io_error(place_.what(), errno);
  // Without this, a power loss could remove the file's name after properties were removed.
  if (const int failed = sync_directory_of(place_.directory()); failed != 0) {
    ::close(fd_);
    throw io_error("the directory of " + place_.what(), failed);
  }
}

RemovalArchive::~RemovalArchive() {
  // Without a line, nothing was removed. Otherwise it is needed, whole or not.
  struct stat status = {};
  if (!closed_ && fstat(fd_, &status) == 0 && status.st_size == 0)
    unlinkat(place_.directory(), unfinished_.c_str(), 0);
  ::close(fd_);
}

void RemovalArchive::add(const RemovedProperty& property) {
  nlohmann::json line = as_json(property);
  ++lines_;
  if (key_ == nullptr) {
    buffer_ += text_of(line) + '\n';
    return;
  }
  line["archive"] = id_;
  line["number"] = lines_;
  buffer_ += seal(*key_, kRemovedPayloadType, text_of(line)) + '\n';
}

void RemovalArchive::sync() {
  if (const int failed = write_all(fd_, buffer_); failed != 0)
    throw io_error(place_.what(), failed);
  buffer_.clear();
  if (fsync(fd_) != 0)
    throw io_error(place_.what(), errno);
}

void RemovalArchive::close() {
  const std::string end = text_of({{"archive", id_}, {"lines", lines_}});
  buffer_ += (key_ == nullptr ? end : seal(*key_, kArchiveEndPayloadType, end)) + '\n';
  sync();
  int failed =
      rename_to_free_name(place_.directory(), unfinished_, place_.directory(), place_.name());
  closed_ = failed == 0;
  if (failed == 0)
    failed = sync_directory_of(place_.directory());
  if (failed != 0)
    throw io_error(place_.what(), failed);
}

}  // namespace backglance
