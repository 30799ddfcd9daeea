// SPDX-License-Identifier: Apache-2.0
#include "signature/certificate_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

// A site has a few signers; one that has more asks again now and then.
constexpr std::size_t kMostKnown = 1000;

class Directory : public CertificateSource {
 public:
  explicit Directory(std::filesystem::path path) : path_(std::move(path)) {}

  FoundCertificate fetch(const std::string& id) override {
    // Owners write ids in either case, and files are named by whoever exported them.
    for (const std::string& name : {id, lower_ascii(id)})
      for (const char* const suffix : {".pem", ".der"})
        if (auto found = read(path_ / (name + suffix)))
          return std::move(*found);
    return NoCertificate{fmt::format("there is no {0}.pem or {0}.der", id)};
  }

 private:
  // Nothing if there is no such file.
  static std::optional<FoundCertificate> read(const std::filesystem::path& path) {
    auto file = read_certificate_file(path);
    if (!file)
      return std::nullopt;
    if (auto* const none = std::get_if<NoCertificate>(&*file))
      return std::move(*none);
    auto parsed = Certificate::parse(std::get<std::string>(*file));
    if (const auto* const why = std::get_if<std::string>(&parsed))
      return NoCertificate{fmt::format("{}: {}", path.filename().native(), *why)};
    return std::make_shared<const Certificate>(std::get<Certificate>(std::move(parsed)));
  }

  std::filesystem::path path_;
};

}  // namespace

// As strict as this because the id becomes part of a path and of a URL.
bool is_certificate_id(const std::string& id) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  std::size_t digits = 0;
  for (const char character : id) {
    if (is_digit(character))
      ++digits;
    else if (character != '-')
      return false;
  }
  return digits == 32 && (id.size() == 32 || id.size() == 36);
}

std::unique_ptr<CertificateSource> certificate_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    throw Error(ErrorKind::usage,
                fmt::format("--certificates {}: {}", printable(directory.native()),
                            error ? error.message() : "not a directory"));
  return std::make_unique<Directory>(directory);
}

void Certificates::prepare() {
  const std::lock_guard lock(mutex_);
  for (const auto& source : sources_)
    source->prepare();
}

FoundCertificate Certificates::find(const std::string& id) {
  // Whatever an owner cared to write there.
  if (!is_certificate_id(id))
    return NoCertificate{fmt::format("'{}' is not a UUID", printable(id, 64))};
  const std::lock_guard lock(mutex_);
  // Under the lock for as long as a key manager takes: it should be asked once, and not by every
  // reader.
  const auto known = known_.find(id);
  if (known != known_.end())
    return known->second;
  FoundCertificate found = NoCertificate{"there is no source of certificates"};
  for (const auto& source : sources_) {
    found = source->fetch(id);
    if (!std::holds_alternative<NoCertificate>(found))
      break;
  }
  const auto* const none = std::get_if<NoCertificate>(&found);
  if (known_.size() >= kMostKnown)
    known_.clear();
  // What may be there at the next question is not remembered.
  if (none == nullptr || !none->passing)
    known_.emplace(id, found);
  return found;
}

}  // namespace backglance
