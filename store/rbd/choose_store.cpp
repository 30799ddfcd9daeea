// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/choose_store.h"

#include <algorithm>

namespace backglance {
std::variant<std::vector<std::size_t>, AttemptFailure> choose_stores(
    const RbdAddress& address, std::string_view store_id, std::span<const RbdCandidate> stores) {
  if (stores.empty())
    return image_failure(ImageResult::store_not_supported,
                         "Glance's configuration has no store of the type rbd");
  std::vector<std::size_t> chosen;
  bool has_pool = false;
  for (std::size_t i = 0; i < stores.size(); ++i) {
    if (!address.is_head()) {
      if (stores[i].pool != address.pool)
        continue;
      has_pool = true;
      if (!stores[i].fsid.empty() && stores[i].fsid != address.fsid)
        continue;
    }
    chosen.push_back(i);
  }
  if (chosen.empty())
    return unreadable_failure(
        has_pool ? "it is of another Ceph cluster than the stores that are configured"
                 : "its pool is not the rbd_store_pool of a store that is configured");
  // The row's own store first, then those whose cluster is known to be the right one.
  std::ranges::stable_sort(chosen, [&](std::size_t one, std::size_t other) {
    const auto rank = [&](std::size_t i) {
      return std::pair(stores[i].id != store_id, stores[i].fsid.empty());
    };
    return rank(one) < rank(other);
  });
  if (address.is_head() && stores[chosen.front()].id == store_id)
    chosen.resize(1);
  return chosen;
}

}  // namespace backglance
