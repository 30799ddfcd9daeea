// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "digest/algorithm.h"
#include "digest/block_digest.h"

namespace backglance {

// What is used where: lanes, or OpenSSL's EVP, one stream after the other. `automatic` is lanes
// where they pay, and EVP on a host in FIPS mode, whose provider is the one that was validated.
enum class DigestEngine { automatic, lanes, openssl };

// For the whole process; before the first digest. `lanes` uses them even where they do not pay.
void choose_digest_engine(DigestEngine engine);

// Whether a digest of it is to be a BlockDigest, else it is OpenSSL's. The first call holds our
// code against OpenSSL's on this CPU (self_test.h), before the first byte is trusted to it.
bool uses_blocks(const DigestAlgorithm& algorithm);

// What did not pass that test, and is left to OpenSSL. Nothing where OpenSSL was chosen.
std::vector<BlockHash> refused_blocks();

// How many streams are best taken together: the lanes of this CPU, or 1 where they do not pay.
std::size_t useful_lanes(BlockHash hash);

// Takes many streams further together: each by its own bytes, of any lengths. Where this CPU gains
// by it they share lanes, and a lane whose stream has come to its end takes the next one. No digest
// may be named twice. The same result as update() for each. Any thread.
void update_together(std::span<const BlockUpdate> updates);

// One line for people: "AVX2: md5 in 16 lanes from 3 streams on, sha256 one by one, sha512 in ...".
std::string digest_engine_text();

}  // namespace backglance
