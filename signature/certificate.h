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

// An X.509 certificate (RFC 5280). Once made it is not changed: any thread.
class Certificate {
 public:
  using Time = std::chrono::sys_seconds;

  // The first certificate of a PEM text, or one in DER. Else why it is none, for a person.
  static std::variant<Certificate, std::string> parse(std::string_view bytes);
  // All certificates of a PEM text, or the one in DER; never none. Else why not, for a person.
  static std::variant<std::vector<Certificate>, std::string> parse_all(std::string_view bytes);

  X509* x509() const { return x509_.get(); }
  // As Python's cryptography 38 takes it, by which Glance and Nova verify: an RSA key that is meant
  // for PSS alone is one without its restrictions. Null for one that it refuses: of a kind that
  // OpenSSL does not know, or on an elliptic curve that is written out or that it has no name for.
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
