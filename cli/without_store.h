// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "glance/site.h"
#include "sql/session.h"
#include "store/stores.h"

namespace backglance {

// The words of --without-store, as StoreView (read/store_view.h) takes them: a store directory
// without the slashes at its end. Throws Error{usage} for an empty word.
std::set<std::string> stores_left_out(const std::vector<std::string>& words);

// Throws Error{usage} if a word names no store: neither a configured one (its id, type or
// directory) nor one of an image without a hash (the id of its store, its scheme or type). A word
// that is misspelt would leave out nothing, and the operator would look for the reason elsewhere.
// Requires the columns for the hash. The text names the stores that are known.
void require_known_stores(Session& session, const Site& site, const Stores& stores,
                          const std::set<std::string>& words);

}  // namespace backglance
