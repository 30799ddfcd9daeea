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

// Several digests of one stream, fed chunk by chunk, so that the stream is read once. An algorithm
// named twice is computed once.
//
// OpenSSL does the work here. An engine that digests many images in lockstep takes this class's
// place in the read loop with the same three calls; the caller must therefore not rely on update()
// having consumed the chunk's time, only on its having consumed the bytes.
//
// Each algorithm is the one that the host's OpenSSL configuration selects, so on a FIPS host SHA-2
// comes from the FIPS provider. Where that has none (MD5, BLAKE2, ...), "-fips" is asked for, and
// then the default provider in a library context of our own: Glance's checksum is MD5 on FIPS hosts
// too.
//
// One thread at a time; separate sets on separate threads share nothing that changes.
class DigestSet {
 public:
  // The algorithms are digest_algorithms()' own. Throws Error{usage} naming the algorithm if this
  // OpenSSL lacks it.
  explicit DigestSet(const std::vector<const DigestAlgorithm*>& algorithms);

  void update(std::span<const std::byte> chunk);

  // Lower-case hex, one value per algorithm given to the constructor, in that order. Once, and no
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
