// SPDX-License-Identifier: Apache-2.0
#include "read/store_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "read/verdict.h"
#include "sql/retry.h"
#include "sql/row_list.h"

namespace backglance {
namespace {

constexpr auto kPage = static_cast<std::int64_t>(kRowsPerStatement);

// Whether the name can be pasted into a shell as it is. The id of a store in a row is anybody's
// text.
bool is_plain(const std::string& name) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= 80 && name[0] != '-' &&
         name.find_first_not_of(kPlain) == std::string::npos;
}

// The image if it has one location: Glance does not say which of several it reads.
std::string_view only_of(const ImageDetails& image) {
  return image.locations.size() == 1 ? std::string_view(image.row.id) : std::string_view();
}

// The name that --without-store takes.
std::string name_of(const Location& location) {
  return is_plain(location.store_id) ? location.store_id : store_type_of(location.scheme);
}

}  // namespace

bool opens_whole(const FoundLocation& there, const ImageRow& image) {
  const auto opened = there.opener->open(there.location);
  const auto* const source = std::get_if<std::unique_ptr<Source>>(&opened);
  return source != nullptr && !has_other_length(image, **source);
}

bool StoreView::is_place_left_out(const PlaceState& place) const {
  return without_.contains(place.place) || without_.contains(place.type) ||
         (!place.store_id.empty() && without_.contains(place.store_id));
}

bool StoreView::is_left_out(const LocationRow& row, const std::string& scheme,
                            const std::string& place) const {
  const std::string id = store_id(row.meta_data);
  // An id that the configuration gives to another type of store is a mistake of the row.
  if ((!id.empty() && without_.contains(id) &&
       stores_.may_be_of(id, scheme.empty() ? "" : store_type_of(scheme))) ||
      (!scheme.empty() && (without_.contains(scheme) || without_.contains(store_type_of(scheme)))))
    return true;
  if (place.empty())
    return false;
  const auto& all = stores_.survey();
  return without_.contains(place) ||
         std::any_of(all.begin(), all.end(), [&](const PlaceState& one) {
           return (one.place == place || place.starts_with(one.place + "/")) &&
                  is_place_left_out(one);
         });
}

ImageSight StoreView::look_at_one(const ImageDetails& image, bool has_others,
                                  Readable readable) const {
  ImageSight sight{.kind = ImageSight::Kind::gone};
  // Deleted since the caller listed it: it blocks nothing.
  if (!image.row.hashable)
    return sight;
  for (const LocationRow& row : image.locations) {
    const auto located = stores_.locate(row.value, row.meta_data, only_of(image));
    const auto* const there = std::get_if<FoundLocation>(&located.found);
    std::optional<ReadFailure> failure;
    std::string place;
    if (there != nullptr) {
      place = there->place();
      auto opened = there->opener->open(there->location);
      if (const auto* const source = std::get_if<std::unique_ptr<Source>>(&opened)) {
        const bool is_right = readable == Readable::opens || !has_other_length(image.row, **source);
        // The API shows an image also if its bytes are gone, so its word can be overruled.
        if (is_right && (!there->is_through_api || !is_left_out(row, located.scheme, place)))
          return {.kind = ImageSight::Kind::readable};
        failure = ReadFailure{.reason = is_right ? "" : "it has another length than Glance says"};
      } else {
        failure = std::get<ReadFailure>(std::move(opened));
      }
    } else {
      failure = std::get<ReadFailure>(located.found);
    }
    if (is_left_out(row, located.scheme, place)) {
      if (sight.kind == ImageSight::Kind::gone)
        sight.kind = ImageSight::Kind::left_out;
    } else if (failure->kind == FailureKind::image && failure->result == ImageResult::missing &&
               !place.empty()) {
      sight.places.push_back(place);
    } else if (sight.kind != ImageSight::Kind::unknown) {
      sight.kind = ImageSight::Kind::unknown;
      if (failure->result == ImageResult::store_not_supported) {
        sight.store = printable(store_type_of(located.scheme), 32);
        sight.reason =
            fmt::format("in a store of type {}{}", sight.store,
                        find_store_type(sight.store) == nullptr ? ", which this release cannot read"
                                                                : ": " + failure->reason);
      } else {
        sight.reason = place.empty() ? failure->reason : place_text(place) + ": " + failure->reason;
        // A store that cannot be asked can be left out; what is wrong with one image cannot.
        if (failure->kind != FailureKind::image)
          sight.store = printable(name_of(there->location), 80);
      }
    }
  }
  if (has_others && sight.kind != ImageSight::Kind::unknown) {
    sight.kind = ImageSight::Kind::unknown;
    sight.reason = "a location is neither active nor deleted, so its data may come back";
  }
  std::sort(sight.places.begin(), sight.places.end());
  sight.places.erase(std::unique(sight.places.begin(), sight.places.end()), sight.places.end());
  return sight;
}

std::vector<ImageSight> StoreView::look_at(const std::vector<std::string>& image_ids,
                                           Readable readable) {
  const auto images = retry(session_, [&] { return read_details(session_, image_ids); });
  const auto others = retry(session_, [&] { return with_other_locations(session_, image_ids); });
  std::vector<ImageSight> sights;
  for (const std::string& id : image_ids) {
    const auto image = images.find(id);
    // Purged since the caller read its id, or an id that the database takes for another one.
    sights.push_back(image != images.end()
                         ? look_at_one(image->second, others.contains(id), readable)
                         : ImageSight{.reason = "the image could not be looked up by its id"});
  }
  return sights;
}

bool StoreView::has_place(const ImageDetails& image, const std::string& place) const {
  return std::any_of(image.locations.begin(), image.locations.end(), [&](const LocationRow& row) {
    const auto found = stores_.find(row.value, row.meta_data, only_of(image));
    const auto* const there = std::get_if<FoundLocation>(&found);
    return there != nullptr && there->place() == place;
  });
}

bool StoreView::is_found(const ImageDetails& image, const std::string& place) const {
  return std::any_of(image.locations.begin(), image.locations.end(), [&](const LocationRow& row) {
    const auto found = stores_.find(row.value, row.meta_data, only_of(image));
    const auto* const there = std::get_if<FoundLocation>(&found);
    return there != nullptr && there->place() == place && opens_whole(*there, image.row);
  });
}

std::string StoreView::doubt(const std::string& place, std::int64_t gone) {
  // A sample that shows the share of files that are there, however few are missing.
  constexpr std::int64_t kFewest = 64;
  const std::int64_t most = place.starts_with('/') ? 4096 : 256;  // each costs a request there
  std::int64_t found = 0;
  std::int64_t missing = gone;
  std::string after;
  while (found + missing - gone < most + 4 * gone) {
    // Ids are random, so a page has images of every age.
    const auto ids = retry(session_, [&] { return hashed_page(session_, after, kPage); });
    if (ids.empty())
      break;
    for (const auto& [id, image] : retry(session_, [&] { return read_details(session_, ids); }))
      if (has_place(image, place))
        ++(is_found(image, place) ? found : missing);
    if (found > missing && found + missing - gone >= kFewest)
      return {};
    after = ids.back();
  }
  if (found > missing)
    return {};
  return fmt::format("{}: {} of the {} that should be there {} there{}; {}", place_text(place),
                     found == 0 ? "none" : fmt::format("only {}", found),
                     counted(found + missing, "image file"), found > 1 ? "are" : "is",
                     stores_.is_empty(place) ? ", and nothing else" : "",
                     place.starts_with('/') ? "is this the right directory, and is it mounted?"
                                            : "is this the right store?");
}

std::vector<std::string> StoreView::unavailable() const {
  std::vector<std::string> unavailable;
  for (const PlaceState& place : stores_.survey())
    if (!place.away.empty() && !is_place_left_out(place))
      unavailable.push_back(away_text(place));
  return unavailable;
}

StoreQuestions StoreView::questions() {
  return {
      .look_at = [this](const std::vector<std::string>& ids) { return look_at(ids); },
      .doubt = [this](const std::string& place, std::int64_t gone) { return doubt(place, gone); }};
}

}  // namespace backglance
