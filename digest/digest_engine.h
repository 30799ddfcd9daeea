// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "digest/algorithm.h"
#include "digest/block_digest.h"

namespace backglance {

// Which code computes the digests. `lanes`: our vector code, for many streams at once. `openssl`:
// OpenSSL's EVP, one stream at a time. `automatic`: lanes where they are faster, and EVP on a host
// in FIPS mode, because OpenSSL's provider is the one that was validated.
enum class DigestEngine { automatic, lanes, openssl };

// Chooses for the whole process. Call it before the first digest. `lanes` uses lanes even where
// they are slower.
void choose_digest_engine(DigestEngine engine);

// True if this algorithm is computed by a BlockDigest, false if by OpenSSL. The first call compares
// our code with OpenSSL's on this CPU (self_test.h), before any byte of an image is digested.
bool uses_blocks(const DigestAlgorithm& algorithm);

// What failed that test and is left to OpenSSL. Empty if OpenSSL was chosen.
std::vector<BlockHash> refused_blocks();

// The best number of streams to digest together: the lanes of this CPU, or 1 where lanes are
// slower.
std::size_t useful_lanes(BlockHash hash);

// Digests the next bytes of many streams together; each has its own bytes, of any length. Streams
// share lanes where this is faster on this CPU. A lane whose stream has ended takes the next
// stream. No digest may occur twice. The result is the same as update() for each. Any thread.
void update_together(std::span<const BlockUpdate> updates);

// One line for people: "AVX2: md5 in 16 lanes from 3 streams on, sha256 one by one, sha512 in ...".
std::string digest_engine_text();

}  // namespace backglance
