// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// Live images without a hash whose first live location has the same scheme and the same metadata.
// Images without a live location are in no group.
struct LocationGroup {
  std::string scheme;     // "rbd"; empty: the values are no URIs, most likely encrypted
  std::string meta_data;  // of image_locations: names the store
  PendingTotals totals;
};

// One pass over these images. `expanded`: as for pending_totals().
std::vector<LocationGroup> location_groups(Session& session, bool expanded);

// Calls `each` for every such image, with the first location as it is stored (a secret). For sites
// that encrypt locations.
struct PendingLocation {
  std::string value;
  std::string meta_data;
  std::int64_t size = 0;
  bool is_size_unknown = false;
};
void pending_locations(Session& session, bool expanded,
                       const std::function<void(const PendingLocation&)>& each);

}  // namespace backglance
