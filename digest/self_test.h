// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "digest/lockstep.h"

namespace backglance {

// Whether whole messages have the digests that OpenSSL's EVP gives them, on this CPU: alone and in
// each number of lanes up to `lanes`, all algorithms over `hash`, lengths about the borders of
// blocks and of the padding (RFC 1321, 3.1; FIPS 180-4, 5.1), fed in two pieces. `compress` is what
// is tested.
bool agrees_with_openssl(BlockHash hash, std::size_t lanes,
                         CompressLanes& compress = compress_lanes);

// Different bytes at each place, the same on every machine.
std::vector<std::byte> test_bytes(std::size_t count);

}  // namespace backglance
