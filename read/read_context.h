// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "digest/algorithm.h"
#include "glance/location_order.h"
#include "glance/site.h"
#include "read/byte_budget.h"
#include "read/held_images.h"
#include "read/pace/bandwidth.h"
#include "read/pace/read_pace.h"
#include "read/read_counters.h"
#include "read/run_control.h"
#include "read/store_waits.h"
#include "read/streams.h"
#include "store/stores.h"

namespace backglance {

// The algorithm that the site's configuration names. Throws Error{usage} if it cannot be computed.
const DigestAlgorithm& required_algorithm(const Site& site);

// Everything that the readers of a run share. Each part is a class of its own and is thread-safe; a
// function takes only the parts that it needs. The order of the members matters: later ones refer
// to earlier ones.
struct ReadContext {
  // Throws Error{usage} if site.hashing_algorithm cannot be computed, and what Stores throws.
  // `bandwidth_bytes_per_second`: 0 is no limit. A wait for a store ends when the run must.
  ReadContext(const Site& site, std::uint64_t bandwidth_bytes_per_second,
              std::optional<std::chrono::seconds> max_runtime);

  const DigestAlgorithm& site_algorithm;
  const Stores stores;
  const LocationOrder order;
  Bandwidth bandwidth;
  ReadPace pace;
  RunControl control{pace};
  ReadCounters counters;
  Streams streams{control, pace, counters};
  HeldImages held;
  ByteBudget budget;
  StoreWaits store_waits{control, streams};
};

}  // namespace backglance
