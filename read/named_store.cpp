// SPDX-License-Identifier: Apache-2.0
#include "read/named_store.h"

#include <algorithm>

#include "glance/location.h"
#include "store/registry.h"

namespace backglance {

NamedStore named_store(const std::vector<Store>& configured, const std::string& scheme,
                       std::string_view meta_data) {
  // Of a scheme that Glance does not know, nothing is shown: it may be any text.
  NamedStore name{.type = is_glance_scheme(scheme) ? store_type_of(scheme) : "",
                  .id = store_id(meta_data)};
  const auto is_of_type = [&](const Store& store) { return store.type == name.type; };
  if (name.id.empty() && std::ranges::count_if(configured, is_of_type) == 1)
    name.id = std::ranges::find_if(configured, is_of_type)->id;
  return name;
}

bool is_configured(const std::vector<Store>& configured, const NamedStore& name) {
  return std::ranges::any_of(configured, [&](const Store& store) {
    return store.type == name.type && store.id == name.id;
  });
}

}  // namespace backglance
