// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace backglance {

// An X.509 certificate (RFC 5280). It never changes; any thread may use it.
class Certificate {
 public:
  using Time = std::chrono::sys_seconds;

  // The first certificate of a PEM text, or one in DER. Otherwise the reason, for a person.
  static std::variant<Certificate, std::string> parse(std::string_view bytes);
  // All certificates of a PEM text, or the one in DER; at least one. Otherwise the reason, for a
  // person.
  static std::variant<std::vector<Certificate>, std::string> parse_all(std::string_view bytes);

  X509* x509() const { return x509_.get(); }
  // The key as Python's cryptography 38 reads it, which Glance and Nova use: an RSA key that is
  // only for PSS is treated as an RSA key without restrictions. Null for a key that it refuses: a
  // type that OpenSSL does not know, an elliptic curve with explicit parameters, or a curve without
  // a name there.
  EVP_PKEY* key() const { return key_.get(); }

  Time not_before() const { return not_before_; }
  Time not_after() const { return not_after_; }
  bool is_valid_at(Time moment) const { return not_before_ <= moment && moment <= not_after_; }

 private:
  struct Free {
    void operator()(X509* x509) const { X509_free(x509); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Pointer = std::unique_ptr<X509, Free>;
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  Certificate(Pointer x509, Time not_before, Time not_after);
  static std::variant<Certificate, std::string> of(Pointer x509);
  static Key usable_key(X509* x509);

  Pointer x509_;
  Key key_;
  Time not_before_;
  Time not_after_;
};

}  // namespace backglance
