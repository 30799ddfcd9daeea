// SPDX-License-Identifier: Apache-2.0
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace backglance {

Stores::Stores(const Site& site, AllAway all_away) : encryption_key_(site.metadata_encryption_key) {
  for (const StoreType& type : store_types()) {
    auto opener = type.open(site);
    for (std::string& place : opener->places())
      places_.push_back(std::move(place));
    for (std::string& place : opener->unavailable())
      unavailable_.push_back(std::move(place));
    open_.push_back({&type, std::move(opener)});
  }
  const auto is_unavailable = [&](const std::string& place) {
    return std::find(unavailable_.begin(), unavailable_.end(), place) != unavailable_.end();
  };
  if (all_away == AllAway::refuse && !unavailable_.empty() &&
      std::all_of(places_.begin(), places_.end(), is_unavailable))
    throw Error(ErrorKind::io, fmt::format("no store directory can be opened: {}",
                                           printable(join(unavailable_, ", "), 1000)));
}

std::variant<FoundLocation, ReadFailure> Stores::find(const std::string& value) const {
  return locate(value).found;
}

Stores::Located Stores::locate(const std::string& value) const {
  auto location = read_location(value, encryption_key_);
  if (!location)
    return {
        {},
        ReadFailure{
            ImageResult::unreadable,
            encryption_key_.empty()
                ? "the location is not a URI, and no metadata_encryption_key is set to decrypt it"
                : "the location is not a URI, and metadata_encryption_key does not decrypt it"}};
  std::string scheme = location->scheme;
  for (const auto& [type, opener] : open_)
    if (std::find(type->schemes.begin(), type->schemes.end(), location->scheme) !=
        type->schemes.end())
      return {std::move(scheme), FoundLocation{std::move(*location), opener.get()}};
  ReadFailure failure{ImageResult::store_not_supported,
                      fmt::format("store {} is not supported yet", printable(scheme, 32))};
  return {std::move(scheme), std::move(failure)};
}

bool Stores::opens(const std::string& value) const {
  const auto found = find(value);
  const auto* there = std::get_if<FoundLocation>(&found);
  return there != nullptr && there->opens();
}

bool Stores::is_empty(const std::string& place) const {
  return !place.empty() && std::any_of(open_.begin(), open_.end(), [&](const OpenStores& stores) {
    return stores.opener->is_empty(place);
  });
}

}  // namespace backglance
