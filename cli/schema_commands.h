// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/expand.h"

namespace backglance {

// "-- lock: ..." and the statement, one after the other, as a person would paste them.
void print_statements(const ExpandPlan& plan);

}  // namespace backglance
