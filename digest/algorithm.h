// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace backglance {

// A digest that can be configured in Glance: hashlib.new() accepts it, hexdigest() needs no length,
// and it has at most 512 bits (os_hash_value is varchar(128)).
struct DigestAlgorithm {
  std::string_view name;               // hashlib's canonical name: "sha512", "sha3_256", "blake2b"
  const char* openssl_name = nullptr;  // for EVP_MD_fetch: "SHA2-512", "SHA3-256", "BLAKE2B-512"
  unsigned digest_bytes = 0;
};

// All algorithms. There is one object of each; it lives as long as the process, so pointers may be
// compared.
std::span<const DigestAlgorithm> digest_algorithms();

// The algorithm with this name, in any spelling that hashlib.new() of Python 3.11 with OpenSSL 3.0
// accepts ("SHA512", "SHA-512", "sha2-512", "sha512-256", "blake2b512", "RIPEMD160", a dotted OID).
// Null if hashlib does not know the name ("sha-512-256", "RSA-SHA512", "SHA3_512"), or if Glance
// cannot use the algorithm (shake_*).
const DigestAlgorithm* find_digest_algorithm(std::string_view name);

// MD5, for Glance's `checksum`. Always available.
const DigestAlgorithm& md5_algorithm();

}  // namespace backglance
