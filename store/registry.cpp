// SPDX-License-Identifier: Apache-2.0
#include "store/registry.h"

#include <array>

#include "store/file/file_store.h"
#include "store/rbd/rbd_store.h"

namespace backglance {
namespace {

// A new type is a folder with its sources, and one row here. No self-registering static objects: a
// static library drops those that nobody names.
constexpr std::array kTypes = {
    StoreType{"file", kFileSchemes, {}, open_file_stores},
    StoreType{"rbd", kRbdSchemes, kRbdOptions, open_rbd_stores},
};

}  // namespace

std::span<const StoreType> store_types() {
  return kTypes;
}

const StoreType* find_store_type(std::string_view name) {
  for (const StoreType& type : kTypes)
    if (type.name == name)
      return &type;
  return nullptr;
}

}  // namespace backglance
