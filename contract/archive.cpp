#include "contract/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

std::string base64(const std::string& bytes) {
  constexpr const char* kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) {
      return j < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[j])) : 0U;
    };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += kAlphabet[group >> 18 & 63];
    out += kAlphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return out;
}

nlohmann::json as_json(const PropertyRow& property) {
  nlohmann::json line = {{"image_id", property.image_id},
                         {"property_id", property.id},
                         {"name", property.name},
                         {"updated_at", nullptr},
                         {"value", nullptr}};
  if (property.updated_at)
    line["updated_at"] = *property.updated_at;
  if (property.value) {
    if (is_utf8(*property.value)) {
      line["value"] = *property.value;
    } else {
      line.erase("value");
      line["value_base64"] = base64(*property.value);
    }
  }
  return line;
}

}  // namespace

RemovalArchive::RemovalArchive(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd_ < 0)
    throw io_error("archive " + path_.string(), errno);
}

RemovalArchive::~RemovalArchive() {
  if (fd_ >= 0)
    ::close(fd_);
}

void RemovalArchive::add(const PropertyRow& property) {
  buffer_ +=
      as_json(property).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
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

}  // namespace backglance
