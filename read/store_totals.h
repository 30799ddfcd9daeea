// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "glance/site.h"
#include "read/named_store.h"
#include "sql/session.h"

namespace backglance {

// All live images of one store, by the first live location of each, and how far they are.
struct StoreTotals {
  NamedStore name;
  bool is_configured = true;  // false: live images name it and the configuration does not
  std::int64_t images = 0;
  std::int64_t bytes = 0;  // of known size
  std::int64_t images_with_hash = 0;
  std::int64_t bytes_with_hash = 0;
  // Images that a person should look at, by backfill or by verify; each counts once.
  std::int64_t findings = 0;
};

// Every configured store in its order, then what only the images name. Images without a live
// location are in none. Asks the database alone, no store. One pass over the images, and one over
// the results. Requires the schema after expand; throws what a Session throws.
std::vector<StoreTotals> store_totals(Session& session, const Site& site);

}  // namespace backglance
