// SPDX-License-Identifier: Apache-2.0
#include "cli/readiness.h"

#include "base/error.h"
#include "base/text.h"
#include "read/read_context.h"

namespace backglance {

std::vector<std::string> require_readable(const Site& site) {
  // In the order in which a run makes its ReadContext, so that the same fault is named first.
  required_algorithm(site);
  const Stores stores(site);
  std::vector<std::string> warnings;
  for (const PlaceState& place : stores.survey())
    if (!place.away.empty())
      warnings.push_back(away_text(place));
  return warnings;
}

Readiness readiness_of(const Site& site) {
  try {
    return {.refusal = {}, .warnings = require_readable(site)};
  } catch (const Error& error) {
    // A wrong configuration is wrong for every command; a store that is away concerns only a run.
    if (error.kind() != ErrorKind::io)
      throw;
    return {.refusal = std::string("backfill would end at once: ") + error.what(), .warnings = {}};
  }
}

}  // namespace backglance
