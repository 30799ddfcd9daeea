// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "glance/site.h"

namespace backglance {

// The store of a location, by what the location itself says. Sorted by type, then by id.
struct NamedStore {
  std::string type =
      {};  // the driver's name; empty: the location is no URI, or of a strange scheme
  // In enabled_backends; empty: an old-style store, or one of several stores of the type.
  std::string id = {};

  auto operator<=>(const NamedStore&) const = default;
};

// `scheme` in lower case; `meta_data` as image_locations has it. A location that names no store is
// of the only configured store of its type: Glance tries every store of the type. The id is text
// of whoever wrote the row, if is_configured() is false: make it printable.
NamedStore named_store(const std::vector<Store>& configured, const std::string& scheme,
                       std::string_view meta_data);

// Whether one of the stores has this type and this id.
bool is_configured(const std::vector<Store>& configured, const NamedStore& name);

}  // namespace backglance
