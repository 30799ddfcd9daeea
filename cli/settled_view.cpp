// SPDX-License-Identifier: Apache-2.0
#include "cli/settled_view.h"

#include <set>

namespace backglance {

StoreView& SettledView::view() {
  if (!view_) {
    stores_.emplace(site_);
    view_.emplace(session_, *stores_, std::set<std::string>());
  }
  return *view_;
}

std::vector<ImageSight> SettledView::look_at(const std::vector<std::string>& image_ids) {
  return view().look_at(image_ids, StoreView::Readable::whole);
}

StoreQuestions SettledView::questions() {
  return {.look_at = [this](const std::vector<std::string>& ids) { return look_at(ids); },
          .doubt = [this](const std::string& place,
                          std::int64_t gone) { return view().doubt(place, gone); }};
}

}  // namespace backglance
