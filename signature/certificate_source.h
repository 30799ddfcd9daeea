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

// A place from which certificates are fetched, by the id in an image's property. One thread at a
// time.
class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  // Called before the first fetch(). Throws Error{usage} or Error{io} if no fetch could succeed.
  virtual void prepare() {}
  // is_certificate_id(id) is true.
  virtual FoundCertificate fetch(const std::string& id) = 0;
};

// True for a UUID as a key manager makes it: in upper or lower case, with all its hyphens or with
// none. Only such a text may become part of a path or a URL.
bool is_certificate_id(const std::string& id);

// Certificates in the files ID.pem and ID.der of a directory. ID is a UUID in upper or lower case.
// Throws Error{usage} if the directory does not exist.
std::unique_ptr<CertificateSource> certificate_directory(const std::filesystem::path& directory);

// Asks its sources for an id, one after the other, until one has the certificate. Keeps the answer,
// unless a later try may give another one. Any thread that may wait for the network: readers, but
// not threads that digest.
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
