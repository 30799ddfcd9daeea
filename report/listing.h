// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/image_result.h"
#include "sql/session.h"

namespace backglance {

// An image with the results that the report counts it under. At least one of the two is there.
// ImageResult::gone stands for every result of an image that is gone, as in the report.
struct ListedImage {
  std::string image_id;
  std::optional<ImageResult> backfill;
  std::optional<ImageResult> verify;
};

// Calls `each` for every image with a result, in the order of the ids. Reads page by page, so
// memory does not grow with the site; an image that changes meanwhile is seen before or after the
// change. Results that only a later version knows are left out. Requires our tables and the columns
// for the hash.
void list_images(Session& session, const std::function<void(const ListedImage&)>& each);

}  // namespace backglance
