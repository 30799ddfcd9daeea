// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/attempt.h"
#include "store/rbd/module.h"

namespace backglance {

// What a failure of Ceph says of the image, the place or the attempt. `has_answered`: this process
// has reached the cluster before. It may then come back soon; one that was never reached is away.
AttemptFailure attempt_failure(const RbdFailure& failure, bool has_answered);

// The same for an image whose bytes were read already: one that is gone now has changed.
AttemptFailure failure_after_open(const RbdFailure& failure);

}  // namespace backglance
