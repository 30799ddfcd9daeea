// SPDX-License-Identifier: Apache-2.0
#include "contract/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "attest/envelope.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

nlohmann::json as_json(const RemovedProperty& property) {
  nlohmann::json line = {
      {"image_id", property.image_id}, {"property_id", property.id},        {"name", property.name},
      {"updated_at", nullptr},         {"deleted_at", property.deleted_at}, {"value", nullptr}};
  if (property.updated_at)
    line["updated_at"] = *property.updated_at;
  if (property.value) {
    if (is_utf8(*property.value)) {
      line["value"] = *property.value;
    } else {
      line.erase("value");
      line["value_base64"] = encode_base64(*property.value);
    }
  }
  return line;
}

std::string text_of(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A new file is there after a loss of power once its directory is on the disk. What may not be
// opened, or knows no such thing, is left to the system.
int sync_directory(const std::filesystem::path& directory) {
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  const int failed = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  ::close(fd);
  return failed;
}

}  // namespace

RemovalArchive::RemovalArchive(std::filesystem::path path, std::string id, const SiteKey* key)
    : path_(std::move(path)), id_(std::move(id)), key_(key) {
  fd_ = open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd_ < 0)
    throw io_error("archive " + path_.string(), errno);
  if (const int failed = sync_directory(path_.parent_path()); failed != 0) {
    ::close(fd_);
    throw io_error("the directory of archive " + path_.string(), failed);
  }
}

RemovalArchive::~RemovalArchive() {
  ::close(fd_);
}

void RemovalArchive::add(const RemovedProperty& property) {
  nlohmann::json line = as_json(property);
  if (key_ == nullptr) {
    buffer_ += text_of(line) + '\n';
    return;
  }
  line["archive"] = id_;
  line["number"] = ++lines_;
  buffer_ += seal(*key_, kRemovedPayloadType, text_of(line)) + '\n';
}

void RemovalArchive::sync() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t wrote = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      throw io_error("archive " + path_.string(), errno);
    done += static_cast<std::size_t>(wrote);
  }
  buffer_.clear();
  if (fsync(fd_) != 0)
    throw io_error("archive " + path_.string(), errno);
}

void RemovalArchive::close() {
  if (key_ == nullptr)
    return;
  const nlohmann::json end = {{"archive", id_}, {"lines", lines_}};
  buffer_ += seal(*key_, kArchiveEndPayloadType, text_of(end)) + '\n';
  sync();
}

}  // namespace backglance
