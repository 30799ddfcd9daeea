// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/image_sight.h"

namespace backglance {

// contract --settled removes nothing from an image whose data this host does not see at the moment
// of the removal. The verdict on its signature is older than that: the store may have been replaced
// since, and then the old properties may be all that is known of the bytes.

// Images that keep their properties for that reason.
struct UnseenImages {
  // One entry for each reason.
  struct Group {
    std::string reason;  // one text for all its images, without secrets
    std::int64_t images = 0;
    std::string example;  // the id of one
  };
  std::vector<Group> groups;
  std::int64_t images = 0;

  // "the first reason (4); the second reason (1)"; at most three.
  std::string reasons() const;
};

// True if a location of the image can be opened now. Otherwise adds the image to `unseen`.
bool is_seen(const StoreQuestions& stores, const std::string& image_id, UnseenImages& unseen);

// Throws Error{gate}: all settled images are unseen, so there is nothing that may be removed.
[[noreturn]] void refuse_unseen(const UnseenImages& unseen);

}  // namespace backglance
