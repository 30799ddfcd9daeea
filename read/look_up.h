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

// What Glance's tables say of the images that are to be read next, asked for many at once. One
// thread at a time.
class LookAhead {
 public:
  // `session` outlives this.
  explicit LookAhead(Session& session, WithSignatures with = WithSignatures::no)
      : session_(session), with_(with) {}

  // Of this image; nothing if there is no such row. `coming` names the images that will be asked
  // for next, this one first; it is called when nothing is known of this one, or only what was read
  // too long ago: between a look-up and a read lie a queue, a window, a pause.
  std::optional<ImageDetails> take(const std::string& image_id,
                                   const std::function<std::vector<std::string>()>& coming);

 private:
  Session& session_;
  WithSignatures with_;
  std::map<std::string, ImageDetails> known_;
  std::chrono::steady_clock::time_point read_at_;
};

// Gives an image that is not to be read its outcome.
void settle_unread(Work& work, ImageResult image_result, std::string reason);

// The end of every look-up, when work.task.image is known: busy in Glance, without a computable
// algorithm (null) or without a live location, the image is settled unread; else it is ready to
// read.
void look_up_rest(Work& work, ImageDetails details, const DigestAlgorithm* algorithm);

}  // namespace backglance
