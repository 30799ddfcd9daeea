// SPDX-License-Identifier: Apache-2.0
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bounded.h"
#include "base/error.h"
#include "base/text.h"
#include "glance/location.h"

namespace backglance {

std::string place_text(const std::string& place) {
  return place.starts_with('/') ? "store directory " + printable(place) : printable(place);
}

Stores::Stores(const Site& site, const StoreSettings& settings, AllAway all_away)
    : site_(std::make_unique<Site>(site)), hooks_(std::make_unique<StoreHooks>()) {
  std::vector<std::string> reasons;
  for (const StoreType& type : store_types()) {
    auto opener = type.open(*site_, settings, *hooks_);
    for (PlaceState& state : opener->survey()) {
      if (!state.place.empty())
        places_.push_back(state.place);
      if (!state.away.empty()) {
        unavailable_.push_back(state.place);
        reasons.push_back(place_text(state.place) + ": " + state.away);
      }
      survey_.push_back(std::move(state));
    }
    open_.push_back({&type, std::move(opener)});
  }
  if (all_away == AllAway::refuse && !unavailable_.empty() && unavailable_.size() >= places_.size())
    throw Error(ErrorKind::io,
                fmt::format("no store can be opened: {}", bounded(join(reasons, "; "), 1000)));
}

std::variant<FoundLocation, ReadFailure> Stores::find(const std::string& value,
                                                      std::string_view meta_data) const {
  return locate(value, meta_data).found;
}

Stores::Located Stores::locate(const std::string& value, std::string_view meta_data) const {
  auto location = read_location(value, site_->metadata_encryption_key);
  if (!location)
    return {
        {},
        ReadFailure{
            ImageResult::unreadable,
            site_->metadata_encryption_key.empty()
                ? "the location is not a URI, and no metadata_encryption_key is set to decrypt it"
                : "the location is not a URI, and metadata_encryption_key does not decrypt it"}};
  location->store_id = store_id(meta_data);
  std::string scheme = location->scheme;
  for (const auto& [type, opener] : open_)
    if (std::find(type->schemes.begin(), type->schemes.end(), location->scheme) !=
        type->schemes.end()) {
      if (std::string why = opener->unusable(); !why.empty())
        return {std::move(scheme), ReadFailure{ImageResult::store_not_supported, std::move(why)}};
      return {std::move(scheme), FoundLocation{std::move(*location), opener.get()}};
    }
  ReadFailure failure{ImageResult::store_not_supported,
                      fmt::format("store {} is not supported yet", printable(scheme, 32))};
  return {std::move(scheme), std::move(failure)};
}

bool Stores::is_empty(const std::string& place) const {
  return !place.empty() && std::any_of(open_.begin(), open_.end(), [&](const OpenStores& stores) {
    return stores.opener->is_empty(place);
  });
}

PlaceTraits Stores::traits(const std::string& place) const {
  for (const auto& [type, opener] : open_)
    if (const auto traits = opener->traits(place))
      return *traits;
  return {.shared = place};
}

}  // namespace backglance
