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

// Live images whose first live location has the same scheme and the same metadata, as above; or one
// of them.
struct LiveGroup {
  std::string scheme = {};
  std::string meta_data = {};
  std::int64_t images = 0;
  std::int64_t bytes = 0;  // of known size
  std::int64_t images_with_hash = 0;
  std::int64_t bytes_with_hash = 0;
};
// One pass over the live images. Requires the schema after expand, as the functions below do.
std::vector<LiveGroup> live_groups(Session& session);
// The same for each image alone, with its first location as it is stored (a secret). The scheme
// is empty. For sites that encrypt locations.
void live_locations(
    Session& session,
    const std::function<void(const std::string& value, const LiveGroup& one)>& each);

// A finding of backfill or verify, and the first live location of its image.
struct FindingLocation {
  std::string image_id;
  std::string result;  // its name
  std::string value;   // as it is stored: a secret
  std::string meta_data;
};
// Those of backfill first. An image may come twice. Images without a live location are left out.
void finding_locations(Session& session, const std::function<void(const FindingLocation&)>& each);

}  // namespace backglance
