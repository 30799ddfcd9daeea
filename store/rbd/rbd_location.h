// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "glance/location.h"

namespace backglance {

// What an rbd:// location names (glance_store, rbd.py, StoreLocation.parse_uri).
struct RbdAddress {
  // Empty in a location of one part, which Glance wrote before Havana: the head of an image in the
  // configured pool. Otherwise all four are set.
  std::string fsid;
  std::string pool;
  std::string snapshot;
  std::string image;

  bool is_head() const { return snapshot.empty(); }
};

// "rbd://FSID/POOL/IMAGE/SNAPSHOT", each part percent-encoded, or "rbd://IMAGE", which is not.
// Nothing for everything else, as for Glance: two or three parts, an empty part, bytes that are not
// ASCII. Also nothing for a part with a NUL, which librbd cannot be given.
std::optional<RbdAddress> read_rbd_address(const Location& location);

}  // namespace backglance
