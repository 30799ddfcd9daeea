// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/read_outcome.h"
#include "sql/images.h"
#include "store/source.h"

namespace backglance {

// Decides whether the bytes that were read are the image that Glance knows. This is the only place
// where that is decided: a hash is published only if the result here is `hashed`.

// True if something in the image's row can prove which bytes are the image: its checksum or its
// hash. An equal size proves nothing, because all disks of one flavor have the same size. Without a
// proof, only the order of the locations says which bytes are the image: those that Glance serves
// first.
bool has_proof(const ImageRow& image);

// Whether the store says another length than Glance. False if one of them does not know it.
bool has_other_length(const ImageRow& image, const Source& source);

// For backfill: sets outcome.result and, for a finding, outcome.reason, from outcome.bytes and
// outcome.md5.
//   size_differs      images.size is known and is not the number of bytes
//   checksum_differs  images.checksum is set and is not the MD5 (upper or lower case: users could
//                     set it in either)
//   other_location    neither, but the bytes are those of a later location, and nothing proves that
//                     they are the image
//   hashed            otherwise
void judge_for_backfill(const ImageRow& image, ReadOutcome& outcome);

// For verify: the same two findings first; then hash_differs if os_hash_value is set and is not
// outcome.digest (upper or lower case); then other_location if the bytes are those of a later
// location, because those that Glance serves first were not compared; otherwise verified.
void judge_for_verify(const ImageRow& image, ReadOutcome& outcome);

// True if `checksum` has the form of an MD5: 32 hexadecimal digits. Glance writes no other. A
// checksum of another form cannot agree with any bytes.
bool is_md5_hex(const std::string& checksum);

}  // namespace backglance
