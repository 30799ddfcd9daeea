// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <string_view>
#include <variant>
#include <vector>

#include "signature/certificate.h"
#include "signature/verify.h"

namespace backglance {

// A certificate for a key that is made for this process.
inline Certificate fuzz_certificate(EVP_PKEY* key) {
  X509* const x509 = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key);
  if (X509_sign(x509, key, EVP_sha256()) == 0)
    std::abort();
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(x509, &bytes);
  auto made =
      Certificate::parse({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)});
  OPENSSL_free(bytes);
  X509_free(x509);
  EVP_PKEY_free(key);
  return std::get<Certificate>(std::move(made));
}

// Of RSA and of a curve.
inline const std::vector<Certificate>& fuzz_certificates() {
  static const std::vector<Certificate> kMade = [] {
    std::vector<Certificate> made;
    made.push_back(fuzz_certificate(EVP_RSA_gen(2048)));
    made.push_back(fuzz_certificate(EVP_EC_gen("P-384")));
    return made;
  }();
  return kMade;
}

// Whether that signature is one of the certificate's key over a digest of zeros.
inline bool fuzz_fits(const Signature& signature, const Certificate& certificate) {
  const std::vector<unsigned char> digest(signature.hash->digest_bytes);
  const KeyVerdict verdict = verify(signature, certificate, digest);
  return verdict == KeyVerdict::valid || verdict == KeyVerdict::other_salt;
}

}  // namespace backglance
