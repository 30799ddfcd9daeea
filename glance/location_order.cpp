// SPDX-License-Identifier: Apache-2.0
#include "glance/location_order.h"

#include <algorithm>

#include "glance/location.h"

namespace backglance {
namespace {

// Glance's own list of types and schemes. Another scheme is preferred by none.
std::string_view type_of(std::string_view scheme) {
  if (scheme == "filesystem")
    return "file";
  if (scheme == "https")
    return "http";
  if (scheme.starts_with("swift+"))
    return "swift";
  if (scheme == "vsphere")
    return "vmware";
  return scheme;
}

}  // namespace

LocationOrder::LocationOrder(const Site& site)
    : is_known_(site.knows_location_order),
      weights_(site.store_weights),
      preference_(site.store_type_preference) {}

LocationOrder::Place LocationOrder::place_of(std::string_view meta_data,
                                             std::string_view scheme) const {
  std::int64_t weight = 0;
  if (!weights_.empty())
    if (const auto found = weights_.find(store_id(meta_data)); found != weights_.end())
      weight = found->second;
  const auto preferred = std::find(preference_.begin(), preference_.end(), type_of(scheme));
  return {-weight, static_cast<std::size_t>(preferred - preference_.begin())};
}

}  // namespace backglance
