// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "glance/site.h"
#include "store/source.h"

namespace backglance {

// A type of store that this program can read. One row for each in store/registry.cpp; the rest of
// the program knows types of stores only from there.
struct StoreType {
  std::string_view name;  // Glance's driver name in enabled_backends, and [glance_store] stores
  std::span<const std::string_view> schemes;  // of its locations, in lower case
  // Opens all stores of this type that the site has. Reads nothing yet, and throws nothing because
  // a store is away: SourceOpener::unavailable() says so.
  std::unique_ptr<SourceOpener> (*open)(const Site& site);
};

std::span<const StoreType> store_types();

// Null for a type that this program cannot read.
const StoreType* find_store_type(std::string_view name);

}  // namespace backglance
