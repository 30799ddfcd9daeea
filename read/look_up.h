// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "read/pipeline.h"
#include "sql/session.h"

namespace backglance {

// Reads rows of Glance's tables for the images that are to be read next, many in one query. One
// thread at a time.
class LookAhead {
 public:
  // `session` must live longer than this.
  explicit LookAhead(Session& session, WithSignatures with = WithSignatures::no)
      : session_(session), with_(with) {}

  // Returns the rows of this image; nothing if Glance has none. `coming` returns the ids that will
  // be asked for next, this one first. It is called if this image is not known yet, or was looked
  // up more than 5 s ago: between the look-up and the read, Glance may change the image.
  std::optional<ImageDetails> take(const std::string& image_id,
                                   const std::function<std::vector<std::string>()>& coming);

 private:
  Session& session_;
  WithSignatures with_;
  std::map<std::string, ImageDetails> known_;
  std::chrono::steady_clock::time_point read_at_;
};

// Sets the outcome of an image that is not to be read.
void settle_unread(Work& work, ImageResult image_result, std::string reason);

// The last part of every look-up. Requires work.task.image. Settles the image unread if Glance is
// working on it, if its algorithm cannot be computed (`algorithm` is null), or if it has no live
// location. Otherwise the image is ready to read.
void look_up_rest(Work& work, ImageDetails details, const DigestAlgorithm* algorithm);

}  // namespace backglance
