// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signature/certificate.h"

namespace backglance {

// The certificates that an operator trusts, and whether another one leads to them by the rules of
// Nova's `enable_certificate_validation`, which are those of cursive 0.2.3
// (certificate_utils.verify_certificate) and not those of RFC 5280. Any thread, once made.
class TrustedCertificates {
 public:
  struct Trusted {
    std::string name;  // of its file
    Certificate certificate;
  };
  explicit TrustedCertificates(std::vector<Trusted> trusted) : trusted_(std::move(trusted)) {}

  // All of the files *.pem, *.crt and *.der, in the order of their names; a PEM file may have
  // several. Throws Error{usage} if there is no such directory, if nothing of it is a certificate,
  // and for a file that is none.
  static TrustedCertificates read(const std::filesystem::path& directory);

  // Those that cannot have signed another at that moment, and why, for a person.
  std::vector<std::string> unusable(Certificate::Time now) const;

  // Nothing if `certificate` leads to one that is signed by itself, each step by one that is
  // trusted; else why not, for a person.
  std::optional<std::string> why_untrusted(const Certificate& certificate,
                                           Certificate::Time now) const;

 private:
  const Trusted* issuer_of(const Certificate& certificate, Certificate::Time now) const;

  std::vector<Trusted> trusted_;
};

}  // namespace backglance
