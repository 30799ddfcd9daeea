// SPDX-License-Identifier: Apache-2.0
#include "digest/algorithm.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace backglance {
namespace {

// Every digest of hashlib that has a fixed length. The first word goes into os_hash_algo and into
// the ledger's rows, so none is ever renamed. Others rely on the places: MD5 stands first, and
// DigestSet keeps what OpenSSL fetched in the same order.
constexpr DigestAlgorithm kAlgorithms[] = {
    {"md5", "MD5", 16},
    {"sha1", "SHA1", 20},
    {"sha224", "SHA2-224", 28},
    {"sha256", "SHA2-256", 32},
    {"sha384", "SHA2-384", 48},
    {"sha512", "SHA2-512", 64},
    {"sha512_224", "SHA2-512/224", 28},
    {"sha512_256", "SHA2-512/256", 32},
    {"sha3_224", "SHA3-224", 28},
    {"sha3_256", "SHA3-256", 32},
    {"sha3_384", "SHA3-384", 48},
    {"sha3_512", "SHA3-512", 64},
    {"blake2b", "BLAKE2B-512", 64},
    {"blake2s", "BLAKE2S-256", 32},
    {"ripemd160", "RIPEMD160", 20},
    {"sm3", "SM3", 32},
    {"md5-sha1", "MD5-SHA1", 36},
};

// hashlib looks a name up twice: in a table of its own, letter by letter, and then among OpenSSL's
// names, where case does not matter. So "SHA3-512" is taken, and "SHA3_512" is not.
struct Spelling {
  std::string_view text;
  std::string_view name;
};

constexpr Spelling kHashlibSpellings[] = {
    {"blake2b", "blake2b"},       {"blake2s", "blake2s"},       {"sha3_224", "sha3_224"},
    {"sha3_256", "sha3_256"},     {"sha3_384", "sha3_384"},     {"sha3_512", "sha3_512"},
    {"sha512_224", "sha512_224"}, {"SHA512_224", "sha512_224"}, {"sha512_256", "sha512_256"},
    {"SHA512_256", "sha512_256"},
};

// In lower case.
constexpr Spelling kOpensslSpellings[] = {
    {"md5", "md5"},
    {"ssl3-md5", "md5"},
    {"1.2.840.113549.2.5", "md5"},
    {"sha1", "sha1"},
    {"sha-1", "sha1"},
    {"ssl3-sha1", "sha1"},
    {"1.3.14.3.2.26", "sha1"},
    {"sha224", "sha224"},
    {"sha-224", "sha224"},
    {"sha2-224", "sha224"},
    {"2.16.840.1.101.3.4.2.4", "sha224"},
    {"sha256", "sha256"},
    {"sha-256", "sha256"},
    {"sha2-256", "sha256"},
    {"2.16.840.1.101.3.4.2.1", "sha256"},
    {"sha384", "sha384"},
    {"sha-384", "sha384"},
    {"sha2-384", "sha384"},
    {"2.16.840.1.101.3.4.2.2", "sha384"},
    {"sha512", "sha512"},
    {"sha-512", "sha512"},
    {"sha2-512", "sha512"},
    {"2.16.840.1.101.3.4.2.3", "sha512"},
    {"sha512-224", "sha512_224"},
    {"sha-512/224", "sha512_224"},
    {"sha2-512/224", "sha512_224"},
    {"2.16.840.1.101.3.4.2.5", "sha512_224"},
    {"sha512-256", "sha512_256"},
    {"sha-512/256", "sha512_256"},
    {"sha2-512/256", "sha512_256"},
    {"2.16.840.1.101.3.4.2.6", "sha512_256"},
    {"sha3-224", "sha3_224"},
    {"2.16.840.1.101.3.4.2.7", "sha3_224"},
    {"sha3-256", "sha3_256"},
    {"2.16.840.1.101.3.4.2.8", "sha3_256"},
    {"sha3-384", "sha3_384"},
    {"2.16.840.1.101.3.4.2.9", "sha3_384"},
    {"sha3-512", "sha3_512"},
    {"2.16.840.1.101.3.4.2.10", "sha3_512"},
    {"blake2b512", "blake2b"},
    {"blake2b-512", "blake2b"},
    {"1.3.6.1.4.1.1722.12.2.1.16", "blake2b"},
    {"blake2s256", "blake2s"},
    {"blake2s-256", "blake2s"},
    {"1.3.6.1.4.1.1722.12.2.2.8", "blake2s"},
    {"ripemd160", "ripemd160"},
    {"ripemd-160", "ripemd160"},
    {"ripemd", "ripemd160"},
    {"rmd160", "ripemd160"},
    {"1.3.36.3.2.1", "ripemd160"},
    {"sm3", "sm3"},
    {"1.2.156.10197.1.401", "sm3"},
    {"md5-sha1", "md5-sha1"},
};

// Past this a name is garbage from the column and not worth a copy.
constexpr std::size_t kLongestSpelling = 32;

// Only for the names in the tables of spellings, which are all in the list: the end is never
// returned.
const DigestAlgorithm* by_name(std::string_view name) {
  return std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                      [&](const DigestAlgorithm& candidate) { return candidate.name == name; });
}

}  // namespace

std::span<const DigestAlgorithm> digest_algorithms() {
  return kAlgorithms;
}

const DigestAlgorithm* find_digest_algorithm(std::string_view name) {
  if (name.size() > kLongestSpelling)
    return nullptr;
  // In hashlib's order, because the first table minds the case and the second does not.
  for (const Spelling& spelling : kHashlibSpellings)
    if (spelling.text == name)
      return by_name(spelling.name);
  const std::string lower = lower_ascii(name);
  for (const Spelling& spelling : kOpensslSpellings)
    if (spelling.text == lower)
      return by_name(spelling.name);
  return nullptr;
}

const DigestAlgorithm& md5_algorithm() {
  return kAlgorithms[0];
}

}  // namespace backglance
