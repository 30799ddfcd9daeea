// SPDX-License-Identifier: Apache-2.0
#include "read/store_totals.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/image_result.h"
#include "glance/location.h"
#include "sql/location_groups.h"

namespace backglance {
namespace {

using Totals = std::map<NamedStore, StoreTotals>;

void add(StoreTotals& totals, const LiveGroup& more) {
  totals.images += more.images;
  totals.bytes += more.bytes;
  totals.images_with_hash += more.images_with_hash;
  totals.bytes_with_hash += more.bytes_with_hash;
}

// Of a value that is encrypted with another key: empty.
std::string scheme_of(const Site& site, const std::string& value) {
  const auto location = read_location(value, site.metadata_encryption_key);
  return location ? location->scheme : "";
}

Totals live_totals(Session& session, const Site& site) {
  Totals totals;
  bool has_secret_ones = false;
  for (const LiveGroup& group : live_groups(session)) {
    has_secret_ones = has_secret_ones || group.scheme.empty();
    add(totals[named_store(site.stores, group.scheme, group.meta_data)], group);
  }
  if (!has_secret_ones || site.metadata_encryption_key.empty())
    return totals;
  // The database cannot read the schemes: this program looks at each location.
  totals.clear();
  live_locations(session, [&](const std::string& value, const LiveGroup& one) {
    add(totals[named_store(site.stores, scheme_of(site, value), one.meta_data)], one);
  });
  return totals;
}

// An image with findings of both commands counts once.
void count_findings(Session& session, const Site& site, Totals& totals) {
  std::set<std::string> seen;
  finding_locations(session, [&](const FindingLocation& found) {
    const auto result = result_from_name(found.result);
    // A result that only a later version knows is none of this one.
    if (result && is_finding(*result) && seen.insert(found.image_id).second)
      ++totals[named_store(site.stores, scheme_of(site, found.value), found.meta_data)].findings;
  });
}

}  // namespace

std::vector<StoreTotals> store_totals(Session& session, const Site& site) {
  Totals totals = live_totals(session, site);
  count_findings(session, site, totals);
  std::vector<StoreTotals> stores;
  const auto take = [&](const NamedStore& name, bool is_configured) {
    StoreTotals one = totals[name];
    one.name = name;
    one.is_configured = is_configured;
    totals.erase(name);
    stores.push_back(std::move(one));
  };
  for (const Store& store : site.stores)
    take({.type = store.type, .id = store.id}, true);
  while (!totals.empty())
    take(NamedStore(totals.begin()->first), false);
  return stores;
}

}  // namespace backglance
