#pragma once

#include <string>

#include "backfill/pipeline.h"
#include "sql/session.h"

namespace backglance {

// Gives an image that is not to be read its outcome.
void settle_unread(Work& work, ReadClass read_class, std::string reason);

// The end of every look-up, when work.task.image is known: busy in Glance, without a computable
// algorithm (null) or without a live location, the image is settled unread; else it is ready to
// read.
void look_up_rest(Session& session, Work& work, const DigestAlgorithm* algorithm);

}  // namespace backglance
