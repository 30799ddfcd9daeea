// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "digest/lockstep.h"

namespace backglance {

// True if `compress` gives whole messages the same digests as OpenSSL's EVP on this CPU. Tests all
// algorithms that use `hash`, alone and with each number of lanes up to `lanes`, with lengths
// around the limits of a block and of the padding (RFC 1321, 3.1; FIPS 180-4, 5.1), in two pieces.
bool agrees_with_openssl(BlockHash hash, std::size_t lanes,
                         CompressLanes& compress = compress_lanes);

// Bytes that differ from position to position, and are the same on every machine.
std::vector<std::byte> test_bytes(std::size_t count);

}  // namespace backglance
