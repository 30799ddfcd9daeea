// SPDX-License-Identifier: Apache-2.0
#include "cli/settled_view.h"

#include <algorithm>
#include <set>

#include "sql/images.h"
#include "sql/retry.h"

namespace backglance {

StoreView& SettledView::view() {
  if (!view_) {
    stores_.emplace(site_);
    view_.emplace(session_, *stores_, std::set<std::string>());
  }
  return *view_;
}

bool SettledView::has_right_length(const ImageDetails& image) const {
  return std::any_of(image.locations.begin(), image.locations.end(), [&](const LocationRow& row) {
    const auto found = stores_->find(row.value, row.meta_data);
    const auto* const there = std::get_if<FoundLocation>(&found);
    return there != nullptr && opens_whole(*there, image.row);
  });
}

std::vector<ImageSight> SettledView::look_at(const std::vector<std::string>& image_ids) {
  std::vector<ImageSight> sights = view().look_at(image_ids);
  const auto images = retry(session_, [&] { return read_details(session_, image_ids); });
  for (std::size_t i = 0; i < sights.size(); ++i) {
    const auto image = images.find(image_ids[i]);
    if (sights[i].kind == ImageSight::Kind::readable &&
        (image == images.end() || !has_right_length(image->second)))
      sights[i] = {.reason = "its file has another length than Glance says"};
  }
  return sights;
}

StoreQuestions SettledView::questions() {
  return {.look_at = [this](const std::vector<std::string>& ids) { return look_at(ids); },
          .doubt = [this](const std::string& place,
                          std::int64_t gone) { return view().doubt(place, gone); }};
}

}  // namespace backglance
