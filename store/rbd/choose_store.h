// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/rbd/rbd_location.h"

namespace backglance {

// What decides whether a store is the one of a location.
struct RbdCandidate {
  std::string id;
  std::string pool;
  std::string fsid = {};  // empty: its cluster was not reached yet
};

// The stores that may hold `address`, as indexes, in the order in which to ask them; or why none
// does, as a failure of the image. `store_id` is what the row names; it may be empty or unknown.
//
// Glance's driver ignores the fsid. Here it counts: another cluster may have a pool of the same
// name. And it must be a pool that a store of the configuration names: anybody who may register a
// location could name the pool of a volume. A location of one part whose row names no store may be
// in any of them: Glance asks one after the other too.
std::variant<std::vector<std::size_t>, AttemptFailure> choose_stores(
    const RbdAddress& address, std::string_view store_id, std::span<const RbdCandidate> stores);

}  // namespace backglance
