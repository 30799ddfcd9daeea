// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/site.h"

namespace backglance {

// What backfill, verify and sync end on before they read the first image, as far as it follows from
// the configuration and this host. Commands that read nothing ask as well: an operator must learn
// of it from `plan`, `check` or a dry run, and not from the run itself at night. Nothing is read
// and nothing is changed.

// Throws what such a run would: Error{usage} for a hashing_algorithm that cannot be computed,
// Error{io} if no store can be opened. Returns one sentence for each other store
// directory that cannot be opened: the run only warns of these.
std::vector<std::string> require_readable(const Site& site);

// The same for commands whose answer holds without the stores (plan, check).
struct Readiness {
  std::string refusal;                // why a run would end at once; empty: it would not
  std::vector<std::string> warnings;  // as require_readable() returns them
};
// Throws Error{usage} for a hashing_algorithm that cannot be computed.
Readiness readiness_of(const Site& site);

}  // namespace backglance
