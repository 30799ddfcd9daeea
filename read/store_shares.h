// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glance/site.h"
#include "sql/images.h"
#include "sql/location_groups.h"
#include "sql/session.h"
#include "store/stores.h"

namespace backglance {

// One store of the site, what this host can read of it, and how much is waiting there.
struct StoreShare {
  std::string id = {};  // in enabled_backends; empty: an old-style store, or images that name none
  std::string type = {};  // the driver's name; empty: locations that are no URIs
  std::vector<PlaceState> places = {};
  // Why this host reads none of its images; empty: it can read some of them. One sentence without
  // secrets.
  std::string why_not = {};
  // Those of its images that have no other location are read through the Glance API instead.
  ThroughApi through_api = ThroughApi::off;
  PendingTotals pending = {};  // live images without a hash, by the first location of each
  // Live images name it and the configuration does not.
  bool is_configured = true;
};

// Every configured store in its order, then what only the images name. Images without a live
// location are in none. `groups`: those of location_groups(), or of site_figures_by_store().
// `expanded`: as for pending_totals(). One more pass over the images if locations are encrypted.
std::vector<StoreShare> store_shares(Session& session, const Site& site, const Stores& stores,
                                     bool expanded, const std::vector<LocationGroup>& groups);

// "fast: rbd", "swift".
std::string store_name(const StoreShare& share);

}  // namespace backglance
