// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "read/store_shares.h"

namespace backglance {

// What status, plan and dry runs say about the site's stores.

// "12 images without a hash, 3.0 GiB and 2 of unknown size".
std::string store_share_text(const PendingTotals& pending);

// "read through the Glance API, those with a checksum". Empty if `share` is not read so.
std::string through_api_text(const StoreShare& share);

// One line for each store that has images without a hash, and how much of it cannot be read by what
// is configured here; each ends with a newline. Empty if everything is in one store and can be
// read.
std::string store_shares_text(const std::vector<StoreShare>& shares);

// The object of one store: docs/json.md, "stores".
nlohmann::json store_share_json(const StoreShare& share);
nlohmann::json store_shares_json(const std::vector<StoreShare>& shares);

}  // namespace backglance
