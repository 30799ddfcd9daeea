// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "signature/certificate.h"
#include "signature/certificate_file.h"

namespace backglance {

using FoundCertificate = std::variant<std::shared_ptr<const Certificate>, NoCertificate>;

// Where certificates are fetched from by the id that an image's property has. One thread at a time.
class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  // Before the first fetch: throws Error{usage} or Error{io} if nothing could be fetched.
  virtual void prepare() {}
  // `id` is one (is_certificate_id).
  virtual FoundCertificate fetch(const std::string& id) = 0;
};

// A UUID in any case, its hyphens or none of them, as a key manager makes them. Nothing else
// becomes a part of a path or a URL.
bool is_certificate_id(const std::string& id);

// Files ID.pem and ID.der of a directory, ID a UUID in any case. Throws Error{usage} if there is no
// such directory.
std::unique_ptr<CertificateSource> certificate_directory(const std::filesystem::path& directory);

// Asks its sources once for each id, one after the other until one has it, and keeps what they said
// unless that may pass. Any thread: readers, which may wait for a network, and no thread that
// digests.
class Certificates {
 public:
  explicit Certificates(std::vector<std::unique_ptr<CertificateSource>> sources)
      : sources_(std::move(sources)) {}

  void prepare();
  FoundCertificate find(const std::string& id);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<CertificateSource>> sources_;
  std::map<std::string, FoundCertificate> known_;
};

}  // namespace backglance
