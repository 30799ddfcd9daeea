// SPDX-License-Identifier: Apache-2.0
#include "read/streams.h"

#include <algorithm>

namespace backglance {

StreamLimits::Admission Streams::admit() {
  if (!limits_)
    return {};
  auto admission = limits_->admit([this] { return control_.should_stop(); });
  // The streams share the store's speed, so the estimate for one image depends on their number.
  pace_.share_by(count());
  return admission;
}

std::int64_t Streams::count() {
  const auto images = static_cast<std::int64_t>(counters_.images_total.load());
  return limits_ ? std::min<std::int64_t>(limits_->all_streams(), images) : 1;
}

StreamLimits::Stream Streams::take(const std::string& place) {
  return limits_ ? limits_->take(place, [this] { return control_.should_stop(); })
                 : StreamLimits::Stream();
}

}  // namespace backglance
