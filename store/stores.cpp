// SPDX-License-Identifier: Apache-2.0
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "store/file/file_store.h"

namespace backglance {

Stores::Stores(const Site& site) : encryption_key_(site.metadata_encryption_key) {
  const auto directories = site.store_directories();
  auto files = std::make_unique<FileStore>(directories);
  for (const auto& directory : files->unavailable_directories())
    unavailable_.push_back(directory.string());
  if (!directories.empty() && unavailable_.size() == directories.size())
    throw Error(ErrorKind::io, fmt::format("no store directory can be opened: {}",
                                           printable(join(unavailable_, ", "), 1000)));
  openers_.push_back(std::move(files));
}

std::variant<FoundLocation, ReadFailure> Stores::find(const std::string& value) const {
  auto location = read_location(value, encryption_key_);
  if (!location)
    return ReadFailure{
        ImageResult::unreadable,
        encryption_key_.empty()
            ? "the location is not a URI, and no metadata_encryption_key is set to decrypt it"
            : "the location is not a URI, and metadata_encryption_key does not decrypt it"};
  for (const auto& opener : openers_)
    if (opener->handles(location->scheme))
      return FoundLocation{std::move(*location), opener.get()};
  return ReadFailure{ImageResult::store_not_supported,
                     fmt::format("store {} is not supported yet", printable(location->scheme, 32))};
}

bool Stores::opens(const std::string& value) const {
  const auto found = find(value);
  const auto* there = std::get_if<FoundLocation>(&found);
  return there != nullptr && there->opens();
}

bool Stores::is_empty(const std::string& place) const {
  return !place.empty() && std::any_of(openers_.begin(), openers_.end(),
                                       [&](const auto& opener) { return opener->is_empty(place); });
}

}  // namespace backglance
