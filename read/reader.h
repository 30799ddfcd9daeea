// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "digest/algorithm.h"
#include "digest/digest_stream.h"
#include "ledger/read_outcome.h"
#include "read/read_context.h"
#include "read/resume.h"
#include "signature/check.h"
#include "sql/images.h"

namespace backglance {

// An image and the locations to try, as they were in the database when it was looked up.
struct ReadTask {
  ImageRow image;
  std::vector<LocationRow> locations;
  ToVerify signatures = {};
  SignatureProperties signed_with = {};  // the properties from which `signatures` was made
};

// The algorithm of the image's os_hash_value: its own (os_hash_algo) if it has one, otherwise the
// site's. Null if its own cannot be computed.
const DigestAlgorithm* algorithm_of(const ImageRow& image, const ReadContext& context);

// Reads the image's bytes once, from the first location that can be read, in Glance's order. MD5,
// `algorithm` and the digest that a signature needs are computed in the same pass. The calling
// thread reads, and `workers` digest.
//
// The outcome is not judged yet. Its class is `hashed` if the bytes were read. Otherwise it is the
// worst failure among the locations, and the reason names each location by its id. If nothing in
// the image's row can prove its bytes (has_proof()), a location after one that failed is not read:
// the class is then `other_location`. Returns nothing if the run must end before the last byte,
// after resumption.refused(), or if resumption.fits() refuses the object. If resumption.from fits,
// only the bytes after it are read, but the outcome is that of all bytes.
std::optional<ReadOutcome> read_once(const ReadTask& task, const DigestAlgorithm& algorithm,
                                     DigestWorkers& workers, ReadContext& context,
                                     const Resumption& resumption = {});

}  // namespace backglance
