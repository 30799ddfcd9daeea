// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// The site's own keys: Ed25519 (RFC 8032), ECDSA on P-384 with SHA-384 (FIPS 186-5), or RSA of 2048
// bits and more with PSS, SHA-512, MGF1 over it and a salt of 64 bytes (RFC 8017, 8.1). Any thread,
// once made.
class SiteKey {
 public:
  enum class Part { secret, open };
  // A PEM file: a private key without a pass phrase for `secret`; for `open` a public key, a
  // certificate or a private key. Throws Error{usage} for a file that is none of these, or of
  // another kind of key.
  static SiteKey read(const std::filesystem::path& file, Part part);

  // SHA-256 of the public key (its SubjectPublicKeyInfo in DER), in hex.
  const std::string& id() const { return id_; }

  // By a secret key.
  std::vector<unsigned char> sign(std::string_view bytes) const;
  bool verify(std::string_view bytes, const std::vector<unsigned char>& signature) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Pointer = std::unique_ptr<EVP_PKEY, Free>;
  explicit SiteKey(Pointer key);
  const char* hash() const;

  Pointer key_;
  std::string id_;
};

}  // namespace backglance
