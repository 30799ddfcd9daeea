// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// A key of the site: Ed25519 (RFC 8032), ECDSA on P-384 with SHA-384 (FIPS 186-5), or RSA of at
// least 2048 bits with PSS, SHA-512, MGF1 with SHA-512, and a salt of 64 bytes (RFC 8017, 8.1).
// Does not change after construction; any thread may use it.
class SiteKey {
 public:
  enum class Part { secret, open };
  // Reads a PEM file. For `secret` it must contain a private key without a pass phrase; for `open`
  // a public key or a certificate, and no private key. Throws Error{usage} for any other file, and
  // for another kind of key.
  static SiteKey read(const std::filesystem::path& file, Part part);

  // SHA-256 of the public key (its SubjectPublicKeyInfo in DER), in hex.
  const std::string& id() const { return id_; }

  // Only with a key that was read as `secret`.
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
