// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "glance/site.h"
#include "store/source.h"
#include "store/store_options.h"
#include "store/store_settings.h"

namespace backglance {

// A type of store that this program can read. One row for each in store/registry.cpp; the rest of
// the program knows types of stores only from there.
struct StoreType {
  std::string_view name;  // Glance's driver name in enabled_backends, and [glance_store] stores
  std::span<const std::string_view> schemes;  // of its locations, in lower case
  std::span<const StoreOption> options;       // of its driver, as far as a reader needs them
  // Without a store of this type in the configuration no location of it can be read.
  bool needs_store;
  // Opens all stores of this type that the site has. Asks no server yet, and throws nothing because
  // a store is away: SourceOpener::survey() says so. Throws Error{usage} for a configuration that
  // cannot be meant. `hooks` and `site` live longer than the result.
  std::unique_ptr<SourceOpener> (*open)(const Site& site, const StoreSettings& settings,
                                        const StoreHooks& hooks);
};

std::span<const StoreType> store_types();

// Null for a type that this program cannot read.
const StoreType* find_store_type(std::string_view name);
// The driver's name for a scheme in lower case, also of types that this program cannot read:
// "vmware" of "vsphere". A scheme that nobody knows is its own type.
std::string store_type_of(std::string_view scheme);

}  // namespace backglance
