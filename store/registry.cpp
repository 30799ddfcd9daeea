// SPDX-License-Identifier: Apache-2.0
#include "store/registry.h"

#include <algorithm>
#include <array>

#include "store/file/file_store.h"
#include "store/http/http_store.h"
#include "store/rbd/rbd_store.h"
#include "store/s3/s3_store.h"
#include "store/swift/swift_store.h"

namespace backglance {
namespace {

// A new type is a folder with its sources, and one row here. No self-registering static objects: a
// static library drops those that nobody names.
constexpr std::array kTypes = {
    StoreType{"file", kFileSchemes, {}, false, open_file_stores},
    StoreType{"http", kHttpSchemes, kHttpOptions, false, open_http_stores},
    StoreType{"rbd", kRbdSchemes, kRbdOptions, true, open_rbd_stores},
    StoreType{"s3", kS3Schemes, kS3Options, true, open_s3_stores},
    StoreType{"swift", kSwiftSchemes, kSwiftOptions, true, open_swift_stores},
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

std::string store_type_of(std::string_view scheme) {
  for (const StoreType& type : kTypes)
    if (std::find(type.schemes.begin(), type.schemes.end(), scheme) != type.schemes.end())
      return std::string(type.name);
  // glance_store's drivers, by the first part of the scheme; VMware's has another name.
  const std::string_view first = scheme.substr(0, scheme.find('+'));
  if (first == "https")
    return "http";
  return std::string(first == "vsphere" ? "vmware" : first);
}

}  // namespace backglance
