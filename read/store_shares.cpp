// SPDX-License-Identifier: Apache-2.0
#include "read/store_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "read/named_store.h"

namespace backglance {
namespace {

void add(PendingTotals& totals, const PendingTotals& more) {
  totals.images += more.images;
  totals.bytes += more.bytes;
  totals.unknown_size += more.unknown_size;
}

using Totals = std::map<NamedStore, PendingTotals>;

Totals totals_of(Session& session, const Site& site, const Stores& stores, bool expanded,
                 const std::vector<LocationGroup>& groups) {
  Totals totals;
  bool has_secret_ones = false;
  for (const LocationGroup& group : groups) {
    has_secret_ones = has_secret_ones || group.scheme.empty();
    add(totals[named_store(site.stores, group.scheme, group.meta_data)], group.totals);
  }
  if (!has_secret_ones || site.metadata_encryption_key.empty())
    return totals;
  totals.clear();
  pending_locations(session, expanded, [&](const PendingLocation& one) {
    const std::string scheme = stores.locate(one.value, one.meta_data).scheme;
    add(totals[named_store(site.stores, scheme, one.meta_data)],
        {.images = 1, .bytes = one.size, .unknown_size = one.is_size_unknown ? 1 : 0});
  });
  return totals;
}

std::string why_unreadable(const StoreShare& share, const Stores& stores) {
  if (share.type.empty())
    return "their locations are of no store that Glance knows, or are encrypted with another key";
  if (std::string why = stores.unusable(share.type); !why.empty())
    return why;
  // Its options are not known. An http location needs none, and an id is no condition for a file.
  if (!share.is_configured && !share.id.empty())
    return fmt::format("no store with the id {} is configured", printable(share.id, 80));
  const auto is_away = [](const PlaceState& place) { return !place.away.empty(); };
  if (share.places.empty() || !std::all_of(share.places.begin(), share.places.end(), is_away))
    return {};
  return share.places.front().away;
}

}  // namespace

std::string store_name(const StoreShare& share) {
  const std::string type = share.type.empty() ? "unknown" : printable(share.type, 32);
  return share.id.empty() ? type : fmt::format("{}: {}", printable(share.id, 80), type);
}

std::vector<StoreShare> store_shares(Session& session, const Site& site, const Stores& stores,
                                     bool expanded, const std::vector<LocationGroup>& groups) {
  std::vector<StoreShare> shares;
  for (const Store& store : site.stores)
    shares.push_back({.id = store.id, .type = store.type});
  for (const auto& [name, totals] : totals_of(session, site, stores, expanded, groups)) {
    auto found = std::ranges::find_if(shares, [&name = name](const StoreShare& share) {
      return share.type == name.type && share.id == name.id;
    });
    if (found == shares.end())
      found = shares.insert(found, {.id = name.id, .type = name.type, .is_configured = false});
    add(found->pending, totals);
  }
  for (StoreShare& share : shares) {
    for (const PlaceState& place : stores.survey())
      if (share.is_configured && place.type == share.type && place.store_id == share.id)
        share.places.push_back(place);
    share.why_not = why_unreadable(share, stores);
    if (!share.why_not.empty() && !share.type.empty() &&
        stores.goes_through_api(share.type, share.id))
      share.through_api = stores.through_api();
  }
  return shares;
}

}  // namespace backglance
