// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// What an image that blocks contract needs before contract can run.
struct BlockingImage {
  std::string id;
  std::string need;        // for a person: "busy in Glance: wait until Glance has finished with it"
  bool must_wait = false;  // no command of backglance helps now
  bool has_failed = false;  // the report says why; backfill does not read it again by itself
};

// Reads what Glance and the ledger know about these images; a few statements. Changes nothing.
std::vector<BlockingImage> needs_of(Session& session, const std::vector<std::string>& image_ids);

// The command or the advice to print after "next:" for such images.
std::string next_for(const std::vector<BlockingImage>& images);

}  // namespace backglance
