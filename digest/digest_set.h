// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "digest/algorithm.h"

namespace backglance {

// Several digests of one stream, computed chunk by chunk with OpenSSL, so that the stream is read
// once. An algorithm that is named twice is computed once.
//
// The host's OpenSSL configuration selects the implementation, so on a FIPS host SHA-2 comes from
// the FIPS provider. If that provider lacks an algorithm (MD5, BLAKE2, ...), it is requested with
// "-fips", and then from the default provider in a separate library context: Glance's checksum is
// MD5 on FIPS hosts, too.
//
// One thread at a time. Different sets may be used on different threads.
class DigestSet {
 public:
  // The algorithms must point into digest_algorithms(). Throws Error{usage} with the name of an
  // algorithm that this OpenSSL lacks.
  explicit DigestSet(const std::vector<const DigestAlgorithm*>& algorithms);

  void update(std::span<const std::byte> chunk);

  // Lower-case hex, one value per algorithm of the constructor, in that order. Call it once; no
  // update() after it.
  std::vector<std::string> finish();

 private:
  struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::vector<std::unique_ptr<EVP_MD_CTX, ContextFree>> contexts_;
  std::vector<std::size_t> context_of_;  // by position in the constructor's list
};

}  // namespace backglance
