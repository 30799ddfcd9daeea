// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signature/certificate.h"

namespace backglance {

// The certificates that an operator trusts. Decides whether another certificate leads to them, by
// the rules of Nova's `enable_certificate_validation`. These are the rules of cursive 0.2.3
// (certificate_utils.verify_certificate), not those of RFC 5280. Does not change after
// construction; any thread may use it.
class TrustedCertificates {
 public:
  struct Trusted {
    std::string name;  // of its file
    Certificate certificate;
  };
  explicit TrustedCertificates(std::vector<Trusted> trusted) : trusted_(std::move(trusted)) {}

  // Reads all files *.pem, *.crt and *.der, in the order of their names. A PEM file may contain
  // several certificates. Throws Error{usage} if the directory does not exist or has no
  // certificate, and for a file that is not a certificate.
  static TrustedCertificates read(const std::filesystem::path& directory);

  // The certificates that cannot have signed another one at that moment, with the reason, for a
  // person.
  std::vector<std::string> unusable(Certificate::Time now) const;

  // Nothing if `certificate` leads to a self-signed certificate and every issuer on the way is
  // trusted. Otherwise the reason, for a person.
  std::optional<std::string> why_untrusted(const Certificate& certificate,
                                           Certificate::Time now) const;

 private:
  const Trusted* issuer_of(const Certificate& certificate, Certificate::Time now) const;

  std::vector<Trusted> trusted_;
};

}  // namespace backglance
