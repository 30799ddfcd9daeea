// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/image_result.h"
#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// Records in one transaction what verify found. No run holds these images. A new result replaces
// the recorded one, with two exceptions: a result that compared nothing replaces nothing, and
// `verified` does not replace a finding that another run has recorded since this run began, or
// since the first byte of a read over several runs.
void record_verifications(Session& session, const std::string& run_id,
                          const std::vector<SettledImage>& verified);

// The same within the caller's transaction.
void record_within(Session& session, const std::string& run_id,
                   const std::vector<SettledImage>& verified);

// The findings of verify: how many live images have each, in the order of ImageResult. A report
// lists the same images.
std::vector<std::pair<ImageResult, std::int64_t>> verify_finding_counts(Session& session);

}  // namespace backglance
