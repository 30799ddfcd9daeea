// SPDX-License-Identifier: Apache-2.0
#include "read/store_waits.h"

#include <fmt/format.h>

#include "base/text.h"
#include "store/stores.h"

namespace backglance {

void StoreWaits::begin(const StoreWait& wait) {
  if (wait.is_overloaded)
    streams_.relieve(wait.place);
  tell(wait);
  // An overloaded store asks for fewer requests: nobody else takes the stream meanwhile.
  streams_.begin_wait(wait.is_overloaded ? StreamLimits::Keep::stream
                                         : StreamLimits::Keep::nothing);
}

void StoreWaits::end(const StoreWait&) {
  streams_.end_wait();
}

void StoreWaits::tell(const StoreWait& wait) {
  // One failure that the next attempt mends is nobody's business.
  constexpr std::chrono::seconds kWorthTelling{2};
  constexpr std::chrono::minutes kBetween{1};
  const auto now = Clock::now();
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    Place& place = places_[wait.place];
    if (now - place.last_wait > kBetween)
      place.first_wait = now;
    place.last_wait = now + wait.time;
    tell = place.last_wait - place.first_wait >= kWorthTelling && now - place.told >= kBetween;
    if (tell)
      place.told = now;
  }
  if (tell)
    control_.warn(
        fmt::format("{}: {}; the run waits and tries again", place_text(wait.place), wait.reason));
}

}  // namespace backglance
