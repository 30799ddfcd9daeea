// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// What verify found, in one transaction; the claims are of no run. Replaces what was recorded of
// these images before, but not by what compared nothing, and no finding
// that another run recorded since this one began by `verified`.
void record_verifications(Session& session, const std::string& run_id,
                          const std::vector<SettledImage>& verified);

}  // namespace backglance
