// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/image_sight.h"
#include "glance/site.h"
#include "read/store_view.h"
#include "sql/session.h"
#include "store/stores.h"

namespace backglance {

// Answers StoreQuestions for contract --settled, which removes something only from images that are
// seen. The stores are opened when the first image is looked at: a site without a settled image
// asks nothing of them. One thread at a time.
class SettledView {
 public:
  // Both must live longer than this.
  SettledView(Session& session, const Site& site) : session_(session), site_(site) {}
  SettledView(const SettledView&) = delete;
  SettledView& operator=(const SettledView&) = delete;
  ~SettledView() = default;

  // As StoreView::look_at(); but an image counts as readable only if one of its files has the
  // length that Glance knows. Throws Error{io} if no store directory can be opened.
  std::vector<ImageSight> look_at(const std::vector<std::string>& image_ids);

  // This must live longer than they do.
  StoreQuestions questions();

 private:
  StoreView& view();

  Session& session_;
  const Site& site_;
  std::optional<Stores> stores_;
  std::optional<StoreView> view_;
};

}  // namespace backglance
