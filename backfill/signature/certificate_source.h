#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "backfill/signature/certificate.h"
#include "backfill/signature/certificate_file.h"

namespace backglance {

using FoundCertificate = std::variant<std::shared_ptr<const Certificate>, NoCertificate>;

// Where certificates are fetched from by the id that an image's property has. One thread at a time.
class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  virtual FoundCertificate fetch(const std::string& id) = 0;
};

// Files ID.pem and ID.der of a directory, ID a UUID in any case. Throws Error{usage} if there is no
// such directory.
std::unique_ptr<CertificateSource> certificate_directory(const std::filesystem::path& directory);

// Asks a source once for each id, and keeps what it said. Any thread.
class Certificates {
 public:
  explicit Certificates(std::unique_ptr<CertificateSource> source) : source_(std::move(source)) {}

  FoundCertificate find(const std::string& id);

 private:
  std::mutex mutex_;
  std::unique_ptr<CertificateSource> source_;
  std::map<std::string, FoundCertificate> known_;
};

}  // namespace backglance
