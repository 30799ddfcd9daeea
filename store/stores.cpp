// SPDX-License-Identifier: Apache-2.0
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bounded.h"
#include "base/error.h"
#include "base/text.h"
#include "glance/location.h"
#include "store/glance_api/glance_api_store.h"

namespace backglance {

std::string place_text(const std::string& place) {
  return place.starts_with('/') ? "store directory " + printable(place) : printable(place);
}

std::string away_text(const PlaceState& place) {
  return fmt::format("{} cannot be opened: {}", place_text(place.place), place.away);
}

Stores::Stores(const Site& site, AllAway all_away)
    : site_(std::make_unique<Site>(site)), hooks_(std::make_unique<StoreHooks>()) {
  const StoreSettings settings{.allow_http = site.allow_http, .through_api = site.through_api};
  std::vector<std::string> reasons;
  const auto look_at = [&](const SourceOpener& opener, std::string_view type) {
    for (PlaceState& state : opener.survey()) {
      if (!state.place.empty())
        places_.push_back(state.place);
      if (!state.away.empty()) {
        unavailable_.push_back(state.place);
        reasons.push_back(printable(state.place) + ": " + state.away);
      }
      state.type = type;
      survey_.push_back(std::move(state));
    }
  };
  // Before any server is asked: it refuses missing credentials.
  api_ = open_glance_api(settings, *hooks_);
  for (const StoreType& type : store_types()) {
    auto opener = type.open(*site_, settings, *hooks_);
    look_at(*opener, type.name);
    open_.push_back({&type, std::move(opener)});
  }
  if (api_) {
    look_at(*api_, "");
    is_api_away_ = !survey_.back().away.empty();
  }
  if (all_away == AllAway::refuse && !unavailable_.empty() && unavailable_.size() >= places_.size())
    throw Error(ErrorKind::io,
                fmt::format("no store can be opened: {}", bounded(join(reasons, "; "), 1000)));
}

std::variant<FoundLocation, ReadFailure> Stores::find(const std::string& value,
                                                      std::string_view meta_data,
                                                      std::string_view image_id) const {
  return locate(value, meta_data, image_id).found;
}

Stores::Located Stores::locate(const std::string& value, std::string_view meta_data,
                               std::string_view image_id) const {
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
  // Without an id the API cannot be asked: it knows images, and no locations.
  if (!image_id.empty() && is_glance_scheme(scheme) &&
      goes_through_api(store_type_of(scheme), location->store_id)) {
    location->image_id = image_id;
    return {std::move(scheme), FoundLocation{std::move(*location), api_.get(), true}};
  }
  for (const auto& [type, opener] : open_)
    if (std::find(type->schemes.begin(), type->schemes.end(), location->scheme) !=
        type->schemes.end()) {
      if (std::string why = unusable(std::string(type->name)); !why.empty())
        return {std::move(scheme), ReadFailure{ImageResult::store_not_supported, std::move(why)}};
      return {std::move(scheme), FoundLocation{std::move(*location), opener.get()}};
    }
  std::string why = is_glance_scheme(scheme) ? unusable(store_type_of(scheme))
                                             : "no store of Glance has the scheme of its location";
  ReadFailure failure{ImageResult::store_not_supported, std::move(why)};
  return {std::move(scheme), std::move(failure)};
}

bool Stores::is_same_location(const std::string& value, std::string_view meta_data,
                              const std::string& other_value,
                              std::string_view other_meta_data) const {
  const auto one = read_location(value, site_->metadata_encryption_key);
  const auto other = read_location(other_value, site_->metadata_encryption_key);
  return one && other && one->uri == other->uri && store_id(meta_data) == store_id(other_meta_data);
}

bool Stores::goes_through_api(const std::string& type, const std::string& store_id) const {
  if (!api_)
    return false;
  if (!unusable(type).empty())
    return true;
  // A store that is away may come back, so it counts more than an API that is away too.
  if (is_api_away_)
    return false;
  bool is_away = false;
  for (const PlaceState& state : survey_) {
    if (state.type != type || (!store_id.empty() && state.store_id != store_id))
      continue;
    // One place that answers is enough: the object may be there, and the store itself must say so.
    if (state.away.empty())
      return false;
    is_away = true;
  }
  return is_away;
}

std::string Stores::unusable(const std::string& type) const {
  for (const OpenStores& stores : open_) {
    if (stores.type->name != type)
      continue;
    const auto& all = site_->stores;
    if (stores.type->needs_store && std::ranges::find(all, type, &Store::type) == all.end())
      return fmt::format("no store of type {} is configured", type);
    return stores.opener->unusable();
  }
  return fmt::format("this release cannot read stores of type {}", printable(type, 32));
}

bool Stores::may_be_of(const std::string& id, const std::string& type) const {
  const auto store = std::ranges::find(site_->stores, id, &Store::id);
  return store == site_->stores.end() || type.empty() || store->type == type;
}

bool Stores::has_place(const std::string& place) const {
  return std::ranges::any_of(places_, [&](const std::string& one) {
    return place == one || (one.starts_with('/') && place.starts_with(one + "/"));
  });
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
  if (api_)
    if (const auto traits = api_->traits(place))
      return *traits;
  return {.shared = place};
}

}  // namespace backglance
