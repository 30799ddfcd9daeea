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

// An image and the locations to try, as they were in the database when it was claimed.
struct ReadTask {
  ImageRow image;
  std::vector<LocationRow> locations;
  ToVerify signatures = {};
  SignatureProperties signed_with = {};  // what these come from
};

// The algorithm that the image's os_hash_value is or is to be of: its own if it names one, else the
// site's. Null if its own cannot be computed.
const DigestAlgorithm* algorithm_of(const ImageRow& image, const ReadContext& context);

// Reads the image's bytes once, MD5, `algorithm` and what its signature is over in that one pass,
// from the first location that can be read. The outcome is not judged yet: its class is `hashed`
// for bytes that were read, else the worst failure among the locations, with a reason that names
// each by its id. Nothing if the run is to end before the last byte, or after
// resumption.refused(). Where resumption.from fits,
// only what follows it is read; the outcome is of all bytes nevertheless. The calling thread reads,
// `workers` digest.
std::optional<ReadOutcome> read_once(const ReadTask& task, const DigestAlgorithm& algorithm,
                                     DigestWorkers& workers, ReadContext& context,
                                     const Resumption& resumption = {});

}  // namespace backglance
