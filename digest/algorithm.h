// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace backglance {

// A digest that Glance can be configured with: one that hashlib.new() takes and whose hexdigest()
// needs no length, at most 512 bits long (os_hash_value is varchar(128)).
struct DigestAlgorithm {
  std::string_view name;               // hashlib's canonical name: "sha512", "sha3_256", "blake2b"
  const char* openssl_name = nullptr;  // for EVP_MD_fetch: "SHA2-512", "SHA3-256", "BLAKE2B-512"
  unsigned digest_bytes = 0;
};

// All of them. They live as long as the process; there is one object of each.
std::span<const DigestAlgorithm> digest_algorithms();

// The algorithm of a name in any spelling that hashlib.new() of Python 3.11 over OpenSSL 3.0 takes
// ("SHA512", "SHA-512", "sha2-512", "sha512-256", "blake2b512", "RIPEMD160", a dotted OID ...).
// Null if hashlib has none of that name ("sha-512-256", "RSA-SHA512", "SHA3_512") or it cannot be
// used (shake_*).
const DigestAlgorithm* find_digest_algorithm(std::string_view name);

// MD5, always there: Glance's `checksum`.
const DigestAlgorithm& md5_algorithm();

}  // namespace backglance
