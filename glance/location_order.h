// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "glance/site.h"

namespace backglance {

// The order in which this site's Glance tries the locations of an image. It serves the first one
// that it can read, and does not say which one that was.
//
// With several stores, the store with the highest `weight` comes first; the location's metadata
// names its store (glance/common/store_utils.py, sort_image_locations). Up to 2024.1,
// location_strategy = store_type then puts the types of store_type_preference in front
// (glance/location_strategy/store_type.py). What is equal stays in the order of the ids.
class LocationOrder {
 public:
  explicit LocationOrder(const Site& site);

  // False if the site's configuration was not read: then the order is a guess.
  bool is_known() const { return is_known_; }
  // True if the ids alone decide.
  bool is_by_id() const { return weights_.empty() && preference_.empty(); }

  // The smaller place is tried first. `meta_data` is image_locations.meta_data, `scheme` that of
  // the deciphered location; empty if it could not be deciphered.
  using Place = std::pair<std::int64_t, std::size_t>;
  Place place_of(std::string_view meta_data, std::string_view scheme) const;

 private:
  bool is_known_;
  StoreWeights weights_;
  std::vector<std::string> preference_;  // types of stores, as Glance's strategy names them
};

}  // namespace backglance
