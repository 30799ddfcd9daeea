#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace backglance {

// An X.509 certificate (RFC 5280). Once made it is not changed: any thread.
class Certificate {
 public:
  using Time = std::chrono::sys_seconds;

  // The first certificate of a PEM text, or one in DER. Else why it is none, for a person.
  static std::variant<Certificate, std::string> parse(std::string_view bytes);

  X509* x509() const { return x509_.get(); }
  // Null if OpenSSL does not know its kind, or cannot read it.
  EVP_PKEY* key() const;

  Time not_before() const { return not_before_; }
  Time not_after() const { return not_after_; }
  bool is_valid_at(Time moment) const { return not_before_ <= moment && moment <= not_after_; }

 private:
  struct Free {
    void operator()(X509* x509) const { X509_free(x509); }
  };
  using Pointer = std::unique_ptr<X509, Free>;
  Certificate(Pointer x509, Time not_before, Time not_after)
      : x509_(std::move(x509)), not_before_(not_before), not_after_(not_after) {}

  Pointer x509_;
  Time not_before_;
  Time not_after_;
};

}  // namespace backglance
